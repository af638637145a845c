//! The files of a package as modules, and what a path names.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::source::{Source, module_folder};

/// Longest chain of exports that is followed.
const MAX_EXPORTS: usize = 8;

/// Which names a file uses of another: by user and used.
pub(crate) type Uses = BTreeMap<(usize, usize), BTreeSet<String>>;

/// The modules of a package, one a file.
pub(crate) struct Modules(Vec<Module>);

#[derive(Default)]
struct Module {
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// What is defined on its own level.
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Its code without `use` declarations.
    code: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Import {
    path: Vec<String>,
    /// The name by which the module knows it; `*` for all that is there.
    name: String,
    is_public: bool,
}

/// What a path leads to.
enum Target {
    Module(usize),
    /// An item, its name, and the module that defines it.
    Item(usize, String),
}

impl Modules {
    pub(crate) fn new(files: &[&Source]) -> Self {
        let folders: Vec<&str> = files.iter().map(|file| module_folder(&file.name)).collect();
        let mut modules: Vec<Module> =
            files.iter().map(|file| Module::new(&file.shipped_code())).collect();
        for (child, folder) in folders.iter().enumerate() {
            let Some((above, name)) = folder.rsplit_once('/') else { continue };
            let Some(parent) = folders.iter().position(|folder| *folder == above) else { continue };
            modules[child].parent = Some(parent);
            modules[parent].children.insert(name.to_owned(), child);
        }
        Self(modules)
    }

    /// Which names each file uses of each other one.
    pub(crate) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        let mut add = |from: usize, target: Option<Target>| match target {
            Some(Target::Item(to, name)) if to != from => {
                uses.entry((from, to)).or_default().insert(name);
            }
            _ => {}
        };
        for (from, module) in self.0.iter().enumerate() {
            for import in &module.imports {
                if !import.is_public || has_word(&module.code, &import.name) {
                    add(from, self.resolve(from, &import.path, MAX_EXPORTS));
                }
            }
            for path in paths(&module.code) {
                add(from, self.resolve(from, &path, MAX_EXPORTS));
            }
        }
        uses
    }

    /// What a path means in a module; nothing if it leads out of the package.
    fn resolve(&self, from: usize, path: &[String], exports: usize) -> Option<Target> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => self.root(from),
            "self" => from,
            "super" => self.0[from].parent?,
            name => match self.look_up(from, name, exports)? {
                Target::Module(module) => module,
                item => return Some(item),
            },
        };
        while let Some((name, behind)) = rest.split_first() {
            rest = behind;
            at = match name.as_str() {
                "super" => self.0[at].parent?,
                "self" => at,
                "*" => return Some(Target::Item(at, "*".into())),
                name => match self.look_up(at, name, exports) {
                    Some(Target::Module(module)) => module,
                    // A name that stands nowhere is made by a macro there.
                    None => return Some(Target::Item(at, name.to_owned())),
                    item => return item,
                },
            };
        }
        Some(Target::Module(at))
    }

    /// What a name means inside a module.
    fn look_up(&self, at: usize, name: &str, exports: usize) -> Option<Target> {
        let module = &self.0[at];
        if let Some(child) = module.children.get(name) {
            return Some(Target::Module(*child));
        }
        if module.items.contains(name) {
            return Some(Target::Item(at, name.to_owned()));
        }
        let exports = exports.checked_sub(1)?;
        if let Some(import) = module.imports.iter().find(|import| import.name == name) {
            return self.resolve(at, &import.path, exports);
        }
        module.imports.iter().filter(|import| import.name == "*").find_map(|glob| {
            let (_, module) = glob.path.split_last()?;
            match self.resolve(at, module, exports)? {
                Target::Module(there) => self.look_up(there, name, exports),
                Target::Item(..) => None,
            }
        })
    }

    fn root(&self, mut at: usize) -> usize {
        while let Some(parent) = self.0[at].parent {
            at = parent;
        }
        at
    }
}

impl Module {
    fn new(code: &str) -> Self {
        let (imports, code) = split_imports(code);
        let items = code.lines().filter_map(defined).map(str::to_owned).collect();
        Self { items, imports, code, ..Self::default() }
    }
}

/// The name that a line defines, if it defines one on the level of the file.
fn defined(line: &str) -> Option<&str> {
    if line.starts_with([' ', '}', '#']) {
        return None;
    }
    let mut words = line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).peekable();
    loop {
        match words.next()? {
            "fn" | "struct" | "enum" | "trait" | "type" | "static" | "union" | "mod"
            | "macro_rules" => return words.next(),
            "const" if !matches!(words.peek(), Some(&"fn" | &"unsafe")) => return words.next(),
            "pub" | "crate" | "super" | "in" | "const" | "unsafe" | "async" | "extern" => {}
            _ => return None,
        }
    }
}

/// The names that `use` declarations bring in, and the code without them.
fn split_imports(code: &str) -> (Vec<Import>, String) {
    let (mut imports, mut rest) = (Vec::new(), String::new());
    let mut left = code;
    while let Some(at) = find_use(left) {
        let before = &left[..at];
        let declaration = &left[at + "use ".len()..];
        let Some(end) = declaration.find(';') else { break };
        let line = before.rsplit('\n').next().unwrap_or(before);
        let is_public = line.trim_start().starts_with("pub");
        rest.push_str(before);
        import_tree(&declaration[..end], &[], is_public, &mut imports);
        left = &declaration[end + 1..];
    }
    rest.push_str(left);
    (imports, rest)
}

/// Where a `use` begins; `impl use` of precise capturing is none.
fn find_use(code: &str) -> Option<usize> {
    let mut places = code.match_indices("use ").map(|(at, _)| at);
    places.find(|&at| !code[..at].ends_with(is_word))
}

/// `a::{b, c as d, self}` with what stands in front of it.
fn import_tree(tree: &str, before: &[String], is_public: bool, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let mut path = before.to_vec();
        path.extend(head.split("::").map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned));
        let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
        for part in top_level_parts(group) {
            import_tree(part, &path, is_public, imports);
        }
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path_text, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut path = before.to_vec();
    path.extend(path_text.split("::").map(|segment| segment.trim().to_owned()));
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    let Some(name) = alias.or_else(|| path.last().cloned()) else { return };
    imports.push(Import { path, name, is_public });
}

/// What commas separate outside of braces.
fn top_level_parts(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let separates = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    group.split(separates).collect()
}

/// Every path of two names or more: `a::b` of `a::b::<C>(d)`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut left = code;
    while let Some(at) = left.find("::") {
        let before = &left[..at];
        let first = before
            .rfind(|c| !is_word(c))
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let mut path = vec![before[first..].to_owned()];
        left = &left[at..];
        while let Some(behind) = left.strip_prefix("::") {
            let end = behind.find(|c| !is_word(c)).unwrap_or(behind.len());
            left = &behind[end..];
            if end == 0 {
                break;
            }
            path.push(behind[..end].to_owned());
        }
        // `<A as B>::c` begins with no name.
        if !path[0].is_empty() && path.len() > 1 {
            found.push(path);
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::{defined, paths, split_imports};

    #[test]
    fn definitions_are_found() {
        assert_eq!(defined("pub(crate) const fn a<T>() {"), Some("a"));
        assert_eq!(defined("pub const B: u8 = 1;"), Some("B"));
        assert_eq!(defined("macro_rules! c {"), Some("c"));
        assert_eq!(defined("impl A for B {"), None);
        assert_eq!(defined("    fn method() {"), None);
    }

    #[test]
    fn imports_are_listed() {
        let code = "use a::{b, c::{self, D as E}};\npub use f::*;\nlet because = 1;\n";
        let (imports, rest) = split_imports(code);
        let list: Vec<_> =
            imports.iter().map(|i| (i.path.join("::"), i.name.as_str(), i.is_public)).collect();
        assert_eq!(
            list,
            [
                ("a::b".into(), "b", false),
                ("a::c".into(), "c", false),
                ("a::c::D".into(), "E", false),
                ("f::*".into(), "*", true),
            ]
        );
        assert_eq!(rest, "\npub \nlet because = 1;\n");
    }

    #[test]
    fn paths_are_found() {
        let found = paths("crate::a::b(é::C::<d::E>::f(), <G as h::I>::j, x)");
        let found: Vec<_> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["crate::a::b", "é::C", "d::E", "h::I"]);
    }
}
