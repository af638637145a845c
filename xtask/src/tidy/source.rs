//! A Rust file as the checks read it: its code, its comments, and which lines are tests.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// From the project's folder, as in `crates/layers/src/relu.rs`.
    pub(crate) name: String,
    /// What stands in the file, line by line.
    pub(crate) lines: Vec<String>,
    /// The same lines; comments and what stands between quotation marks are blank.
    pub(crate) code: Vec<String>,
    /// Lines with a comment, or with a part of one.
    pub(crate) commented: Vec<bool>,
    /// Lines that are compiled for tests only.
    pub(crate) test: Vec<bool>,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let Masked { code, commented } = mask(text);
        let lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
        let code: Vec<String> = code.lines().map(str::to_owned).collect();
        let whole =
            ["/tests/", "/benches/", "/examples/"].iter().any(|folder| name.contains(folder));
        let mut test = vec![whole; lines.len()];
        if code.iter().any(|line| line.trim() == "#![cfg(test)]") {
            test.fill(true);
        }
        for range in test_items(&code) {
            test[range].fill(true);
        }
        Self { name: name.to_owned(), lines, code, commented, test }
    }

    /// The package's folder, as in `crates/layers` or `xtask/oracle`.
    pub(crate) fn package(&self) -> &str {
        self.name.split_once("/src/").map_or("", |(package, _)| package)
    }

    /// Whether it is code that users get.
    pub(crate) fn is_library(&self) -> bool {
        self.name.starts_with("crates/") && self.name.contains("/src/")
    }

    /// Its code without tests, in one piece; lines keep their numbers.
    pub(crate) fn shipped_code(&self) -> String {
        let lines = self.code.iter().zip(&self.test);
        lines.map(|(line, &test)| if test { "\n".into() } else { format!("{line}\n") }).collect()
    }
}

/// All Rust files of the project, tests of modules in files of their own marked as such.
pub(crate) fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let mut paths = Vec::new();
    for folder in ["crates", "xtask"] {
        rust_files(&root.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        sources.push(Source::new(&name, &text));
    }
    mark_test_files(&mut sources);
    Ok(sources)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// `#[cfg(test)] mod name;` makes a test of the file that it names, and of all files in its folder.
fn mark_test_files(sources: &mut [Source]) {
    let mut stems = Vec::new();
    for source in sources.iter() {
        let folder = module_folder(&source.name);
        for (line, _) in source.code.iter().zip(&source.test).filter(|(_, test)| **test) {
            let words = line.trim().strip_suffix(';').and_then(|line| line.strip_prefix("mod "));
            stems.extend(words.map(|name| format!("{folder}/{name}")));
        }
    }
    for source in sources {
        let is = |stem: &String| {
            source.name.strip_prefix(stem.as_str()).is_some_and(|rest| rest.starts_with(['.', '/']))
        };
        if stems.iter().any(is) {
            source.test.fill(true);
        }
    }
}

/// Where the files of a file's modules stand: `src` for `src/lib.rs`, `src/a` for `src/a.rs`.
pub(crate) fn module_folder(name: &str) -> &str {
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    ["/lib", "/main", "/mod"].iter().find_map(|root| stem.strip_suffix(root)).unwrap_or(stem)
}

/// Lines of every item behind `#[cfg(test)]`.
fn test_items(code: &[String]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for start in (0..code.len()).filter(|&i| code[i].trim() == "#[cfg(test)]") {
        let text = code[start + 1..].join("\n");
        let end = item_end(&text).unwrap_or(text.len());
        let lines = text[..end].matches('\n').count();
        ranges.push(start..(start + lines + 2).min(code.len()));
    }
    ranges
}

/// Behind the item that `code` begins with: behind its `;`, or behind the brace that closes its
/// first one.
pub(crate) fn item_end(code: &str) -> Option<usize> {
    let (open, first) = body_start(code)?;
    if first == ';' { Some(open + 1) } else { matching_brace(code, open).map(|end| end + 1) }
}

/// The first `{` or `;` that stands in no parentheses or brackets.
pub(crate) fn body_start(code: &str) -> Option<(usize, char)> {
    let mut depth = 0;
    for (i, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' | ';' if depth == 0 => return Some((i, c)),
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`.
pub(crate) fn matching_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(open + i);
        }
    }
    None
}

struct Masked {
    code: String,
    commented: Vec<bool>,
}

/// Blanks comments, strings and characters; every other character keeps its line and column.
fn mask(text: &str) -> Masked {
    let mut scanner = Scanner { chars: text.chars().collect(), ..Scanner::default() };
    while let Some(c) = scanner.peek(0) {
        match (c, scanner.peek(1)) {
            ('/', Some('/')) => scanner.comment(|s| s.peek(0) == Some('\n')),
            ('/', Some('*')) => scanner.block_comment(),
            ('"', _) => scanner.string(),
            ('r', Some('"' | '#')) if !scanner.in_word() => scanner.raw_string(),
            ('b' | 'c', Some('r')) if !scanner.in_word() && scanner.is_raw(2) => {
                scanner.keep();
                scanner.raw_string();
            }
            ('\'', _) => scanner.character(),
            _ => scanner.keep(),
        }
    }
    let n_lines = text.lines().count();
    scanner.commented.resize(n_lines.max(scanner.line + 1), false);
    scanner.commented.truncate(n_lines);
    Masked { code: scanner.code, commented: scanner.commented }
}

#[derive(Default)]
struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    commented: Vec<bool>,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Whether the character before this one belongs to the same word.
    fn in_word(&self) -> bool {
        self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    /// Whether a raw string's `#`s and quotation mark stand `ahead`.
    fn is_raw(&self, ahead: usize) -> bool {
        let mut rest = self.chars[self.at..].iter().skip(ahead).skip_while(|c| **c == '#');
        rest.next() == Some(&'"')
    }

    fn keep(&mut self) {
        let Some(c) = self.peek(0) else { return };
        self.code.push(c);
        self.line += usize::from(c == '\n');
        self.at += 1;
    }

    fn blank(&mut self) {
        match self.peek(0) {
            Some('\n') => self.keep(),
            _ => {
                self.code.push(' ');
                self.at += 1;
            }
        }
    }

    fn comment(&mut self, ends: impl Fn(&Self) -> bool) {
        while self.peek(0).is_some() && !ends(self) {
            self.commented.resize(self.commented.len().max(self.line + 1), false);
            self.commented[self.line] = true;
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return,
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    let end = self.at + 1;
                    self.comment(|s| s.at == end);
                    continue;
                }
            }
            let end = self.at + 2;
            self.comment(|s| s.at == end);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.keep(),
                '\\' => {
                    self.blank();
                    self.blank();
                }
                _ => self.blank(),
            }
        }
    }

    /// From the `r`; a raw identifier is no string.
    fn raw_string(&mut self) {
        if !self.is_raw(1) {
            return self.keep();
        }
        self.keep();
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            hashes += 1;
            self.blank();
        }
        self.keep();
        let closes = |s: &Self| (1..=hashes).all(|i| s.peek(i) == Some('#'));
        while self.peek(0).is_some() && !(self.peek(0) == Some('"') && closes(self)) {
            self.blank();
        }
        self.keep();
        (0..hashes).for_each(|_| self.blank());
    }

    /// From the apostrophe of a character, or of a lifetime.
    fn character(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            return self.keep();
        }
        self.keep();
        self.blank();
        if escaped {
            self.blank();
        }
        while self.peek(0).is_some_and(|c| c != '\'') {
            self.blank();
        }
        self.keep();
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, mark_test_files};

    fn code(text: &str) -> Vec<String> {
        Source::new("crates/a/src/b.rs", text).code
    }

    #[test]
    fn comments_and_literals_are_blank() {
        assert_eq!(code("a; // {"), ["a;     "]);
        assert_eq!(code("/* { /* } */ */b"), ["               b"]);
        assert_eq!(code("f(\"{\\\"\", x)"), ["f(\"   \", x)"]);
        assert_eq!(code("f(r#\"{\"}\"#)"), ["f(r \"   \" )"]);
        assert_eq!(code("br\"{\""), ["br\" \""]);
        assert_eq!(code("x == '{' || '\\'' == y"), ["x == ' ' || '  ' == y"]);
        assert_eq!(code("fn f<'a>(x: &'a str) {"), ["fn f<'a>(x: &'a str) {"]);
        assert_eq!(code("r#type {"), ["r#type {"]);
        assert_eq!(code("\"a\nb{\" c"), ["\" ", "  \" c"]);
    }

    #[test]
    fn lines_with_comments_are_known() {
        let source = Source::new("a.rs", "//! x\nlet s = \"// no\";\n/* y\nz */ f();\n\n");
        assert_eq!(source.commented, [true, false, true, true, false]);
    }

    #[test]
    fn tests_are_known() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nuse x;\n";
        let source = Source::new("crates/a/src/b.rs", text);
        assert_eq!(source.test, [false, true, true, true, true, false, true, true]);
        assert_eq!(source.shipped_code(), "fn a() {}\n\n\n\n\nfn c() {}\n\n\n");
        assert_eq!(Source::new("crates/a/tests/b.rs", "fn a() {}").test, [true]);
    }

    #[test]
    fn test_modules_in_files_are_known() {
        let mut sources = [
            Source::new("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;\n"),
            Source::new("crates/a/src/b/tests.rs", "fn a() {}"),
            Source::new("crates/a/src/b/tests/more.rs", "fn a() {}"),
            Source::new("crates/a/src/b/tests_not.rs", "fn a() {}"),
        ];
        mark_test_files(&mut sources);
        let test: Vec<_> = sources.iter().map(|source| source.test[0]).collect();
        assert_eq!(test, [true, true, true, false]);
    }
}
