//! Files that gzip may have packed.

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// The first two bytes of what gzip has written.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// So many bytes are handed out in one piece first; among them a byte-order mark, if there is one.
const HEAD: u64 = 4;

/// The bytes of a reader, unpacked if gzip has packed them, which their beginning says.
pub(crate) fn unpacked<'a>(mut reader: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head)?;
    let is_packed = head.starts_with(&GZIP);
    let whole = Cursor::new(head).chain(reader);
    Ok(if is_packed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}
