//! A range of cases in a child process, which may die: what it said, and how it ended.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::options::Options;

/// How a child ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Finished,
    /// It died: a signal, an allocation that was refused, a stack that overflowed.
    Died(String),
    /// Nothing was heard of it for too long.
    Hung,
    /// It took more memory than any call may.
    TooMuchMemory,
}

/// Address space that a child may have, so that absurd allocations are refused on any machine.
const ADDRESS_SPACE_KB: u64 = 3 << 20;
/// Memory that may be resident.
const RESIDENT: u64 = 1 << 30;
/// Longest time between two lines.
const SILENCE: Duration = Duration::from_secs(30);

/// Runs a child with these arguments and hands over each line it prints.
pub(crate) fn run(options: &Options, args: &[String], mut line: impl FnMut(&str)) -> End {
    let mut child = match command(options, args).spawn() {
        Ok(child) => child,
        Err(error) => return End::Died(error.to_string()),
    };
    let lines = listen(&mut child);
    let stderr = child.stderr.take().map(|stderr| {
        thread::spawn(move || {
            let mut text = String::new();
            let _ = BufReader::new(stderr).read_to_string(&mut text);
            text
        })
    });
    let stopped = watch(&child, &lines, &mut line);
    if stopped.is_some() {
        let _ = child.kill();
    }
    let status = child.wait();
    let words = stderr.and_then(|reader| reader.join().ok()).unwrap_or_default();
    match (stopped, status) {
        (Some(end), _) => end,
        (None, Ok(status)) if status.success() => End::Finished,
        (None, Ok(status)) if status.code() == Some(1) && !args.contains(&"--cases".into()) => {
            End::Finished
        }
        (None, Ok(status)) => {
            let last = words.lines().rfind(|l| !l.is_empty()).unwrap_or_default();
            End::Died(format!("{status} {last}"))
        }
        (None, Err(error)) => End::Died(error.to_string()),
    }
}

/// This program again, under a shell that limits its address space where there is one.
fn command(options: &Options, args: &[String]) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "hostile".into());
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -v {ADDRESS_SPACE_KB}; ulimit -c 0; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(script).arg(program);
        shell
    } else {
        Command::new(program)
    };
    command.args(["--seed", &options.seed.to_string()]).args(args);
    if let Some(area) = &options.area {
        command.args(["--area", area]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The child's lines, read by a thread of its own so that silence can be noticed.
fn listen(child: &mut Child) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receive
}

/// Hands over lines until there are no more; why the child has to be stopped, if it has.
fn watch(child: &Child, lines: &Receiver<String>, line: &mut impl FnMut(&str)) -> Option<End> {
    let mut heard = Instant::now();
    let mut looked = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(text) => {
                heard = Instant::now();
                line(&text);
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() > SILENCE => return Some(End::Hung),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        if looked.elapsed() > Duration::from_millis(20) {
            looked = Instant::now();
            if resident(child.id()) > RESIDENT {
                return Some(End::TooMuchMemory);
            }
        }
    }
}

/// Bytes of a process that are in memory; 0 where the system does not say.
fn resident(id: u32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{id}/statm")).ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
