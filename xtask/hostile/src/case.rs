//! One case: a script of calls drawn from its number, what came of them, and what was wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use tensor_core::Error;

use crate::draw::Draw;

/// What a case did: counted by how a call ended.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) accepted: u64,
    /// By the error's kind.
    pub(crate) refused: BTreeMap<String, u64>,
}

/// Something that must not be.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The number of the call within the case.
    pub(crate) call: u64,
    /// The type or function at fault: `LayerNorm<f64>`.
    pub(crate) subject: String,
    pub(crate) name: &'static str,
    /// What kind of fault: `panic`, `wrong number`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// A case as it runs.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) draw: Draw,
    pub(crate) counts: Counts,
    pub(crate) faults: Vec<Fault>,
    /// Features in front of the layer that is being made, or columns of a loss's batch.
    pub(crate) width: usize,
    subject: String,
    name: &'static str,
    /// Whether every call is told, which a replay does.
    telling: bool,
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a panic says, instead of printing it.
pub(crate) fn keep_panics() {
    set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        PANIC.with(|last| *last.borrow_mut() = format!("{}: {text}", place.unwrap_or_default()));
    }));
}

impl Case {
    pub(crate) fn new(draw: Draw, telling: bool) -> Self {
        Self {
            draw,
            counts: Counts::default(),
            faults: Vec::new(),
            width: 0,
            subject: String::new(),
            name: "",
            telling,
        }
    }

    /// What the following calls are about.
    pub(crate) fn about(&mut self, subject: impl Into<String>) {
        self.subject = subject.into();
        self.note(String::new);
    }

    /// Says something about the next call, if somebody listens.
    pub(crate) fn note(&mut self, words: impl FnOnce() -> String) {
        if self.telling {
            println!("{} {}", self.subject, words());
        }
    }

    fn begin(&mut self, name: &'static str) {
        self.counts.calls += 1;
        self.name = name;
        if self.telling {
            println!("  call {}: {name}", self.counts.calls);
        }
    }

    pub(crate) fn fault(&mut self, kind: &'static str, text: impl Into<String>) {
        let (subject, name) = (self.subject.clone(), self.name);
        let fault = Fault { call: self.counts.calls, subject, name, kind, text: text.into() };
        if self.telling {
            println!("  FAULT {kind}: {}", fault.text);
        }
        self.faults.push(fault);
    }

    /// `fault` unless `ok`.
    pub(crate) fn must(&mut self, ok: bool, kind: &'static str, text: impl FnOnce() -> String) {
        if !ok {
            self.fault(kind, text());
        }
    }

    fn caught<T>(&mut self, f: impl FnOnce() -> T) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(f)).map_err(|_| PANIC.with(RefCell::take))
    }

    /// A call that cannot be refused.
    pub(crate) fn call<T>(&mut self, name: &'static str, f: impl FnOnce() -> T) -> Option<T> {
        self.begin(name);
        match self.caught(f) {
            Ok(value) => {
                self.counts.accepted += 1;
                Some(value)
            }
            Err(panic) => {
                self.fault("panic", panic);
                None
            }
        }
    }

    /// A call that documents a panic for what it is given.
    pub(crate) fn call_that_must_panic<T>(&mut self, name: &'static str, f: impl FnOnce() -> T) {
        self.begin(name);
        match self.caught(f) {
            Ok(_) => self.fault("accepted", "what does not fit was accepted"),
            Err(_) => *self.counts.refused.entry("DocumentedPanic".into()).or_default() += 1,
        }
    }

    /// A call that answers with an error what cannot be right. The value, if it was accepted.
    pub(crate) fn attempt<T>(
        &mut self,
        name: &'static str,
        f: impl FnOnce() -> Result<T, Error>,
    ) -> Option<T> {
        match self.result(name, f) {
            Some(Ok(value)) => Some(value),
            _ => None,
        }
    }

    /// The same, with the error; `None` after a panic.
    pub(crate) fn result<T>(
        &mut self,
        name: &'static str,
        f: impl FnOnce() -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        self.begin(name);
        match self.caught(f) {
            Ok(Ok(value)) => {
                self.counts.accepted += 1;
                Some(Ok(value))
            }
            Ok(Err(error)) => {
                self.refused(&error);
                Some(Err(error))
            }
            Err(panic) => {
                self.fault("panic", panic);
                None
            }
        }
    }

    /// A call that has to be refused, because of `why`.
    pub(crate) fn must_refuse<T>(
        &mut self,
        name: &'static str,
        why: &str,
        f: impl FnOnce() -> Result<T, Error>,
    ) {
        if let Some(Ok(_)) = self.result(name, f) {
            self.fault("accepted", format!("accepted {why}"));
        }
    }

    /// A call that has to be accepted, because of `why`.
    pub(crate) fn must_accept<T>(
        &mut self,
        name: &'static str,
        why: &str,
        f: impl FnOnce() -> Result<T, Error>,
    ) -> Option<T> {
        match self.result(name, f) {
            Some(Ok(value)) => Some(value),
            Some(Err(error)) => {
                self.fault("refused", format!("refused {why}: {error}"));
                None
            }
            None => None,
        }
    }

    fn refused(&mut self, error: &Error) {
        let text = error.to_string();
        let kind = format!("{error:?}").split([' ', '{', '(']).next().unwrap_or("").to_owned();
        if self.telling {
            println!("    refused: {text}");
        }
        *self.counts.refused.entry(kind).or_default() += 1;
        let place = text.split(": expected").next().unwrap_or_default();
        let complete = text.contains(": expected") && text.contains("found") && !place.is_empty();
        self.must(complete, "message", || format!("names no place, expected or found: {text}"));
    }
}
