//! What every page has to show.

use super::page::{Docs, Page};
use crate::finding::Finding;

/// Items without behavior, with what they are used by: lines of `plain_data.txt`.
#[derive(Debug, Default)]
pub(crate) struct PlainData(Vec<(String, String)>);

impl PlainData {
    /// From lines of `layers::LinearConfig | Linear`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pair = |line: &str| {
            let (item, user) = line.split_once(" | ").ok_or_else(|| format!("no pair: {line}"))?;
            Ok((item.to_owned(), user.to_owned()))
        };
        lines.map(pair).collect::<Result<_, String>>().map(Self)
    }

    fn user_of(&self, item: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == item).map(|(_, user)| user.as_str())
    }

    /// Whether a page's item is on the list.
    pub(crate) fn has(&self, page: &Page) -> bool {
        self.user_of(&page.path).is_some()
    }

    /// Entries for items that are not there.
    pub(crate) fn unknown(&self, pages: &[Page]) -> Vec<String> {
        let names = self.0.iter().map(|(name, _)| name);
        names.filter(|name| !pages.iter().any(|page| page.path == **name)).cloned().collect()
    }
}

/// All that a page lacks.
pub(crate) fn check(page: &Page, plain: &PlainData) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |rule, place: &str, what: &str| {
        found.push(Finding::new(rule, place.to_owned(), 1, what.to_owned()));
    };
    let Page { path, docs, .. } = page;
    if !docs.defines() {
        add("definition", path, "two sentences or a formula have to say what it is");
    }
    match plain.user_of(path) {
        Some(user) if !docs.links_to(user) => {
            add("link", path, &format!("plain data has to link to what uses it, {user}"));
        }
        Some(_) => {}
        None => match &docs.examples()[..] {
            [] => add("example", path, "no example that runs stands at the head of its page"),
            examples if !examples.iter().any(|code| code.contains("assert")) => {
                add("assertion", path, "its examples assert nothing");
            }
            _ => {}
        },
    }
    if has_arrays(page) && !docs.has_section("Shapes") {
        add("shapes", path, "no section \"Shapes\"");
    }
    let own = (page.kind == "fn").then_some((path.clone(), &page.declaration, docs));
    let methods = page.methods.iter();
    let methods = methods.map(|(name, declared, docs)| (format!("{path}::{name}"), declared, docs));
    for (place, declaration, docs) in own.into_iter().chain(methods) {
        if lacks_errors(declaration, docs) {
            add("errors", &place, "returns a Result; no section \"Errors\"");
        }
    }
    found
}

/// Whether it takes arrays: a function of them, a layer or a loss.
fn has_arrays(page: &Page) -> bool {
    let takes = page.kind == "fn" && page.declaration.contains("Array");
    takes || page.implements.iter().any(|name| ["Layer<F>", "Loss<F>"].contains(&name.as_str()))
}

fn lacks_errors(declaration: &str, docs: &Docs) -> bool {
    returned(declaration).is_some_and(|ty| ty.starts_with("Result<")) && !docs.has_section("Errors")
}

/// The type behind the arrow of a function.
fn returned(declaration: &str) -> Option<&str> {
    let (mut angles, mut parentheses, mut last) = (0, 0, ' ');
    for (at, c) in declaration.char_indices() {
        match c {
            '<' => angles += 1,
            '>' if last != '-' => angles -= 1,
            '(' if angles == 0 => parentheses += 1,
            ')' if angles == 0 => {
                parentheses -= 1;
                if parentheses == 0 && !declaration[..at].trim_end().ends_with("pub(crate") {
                    return declaration[at + 1..].trim_start().strip_prefix("-> ");
                }
            }
            _ => {}
        }
        last = c;
    }
    None
}

/// Whether an example that runs stands on the page.
pub(crate) fn shows_example(page: &Page) -> bool {
    !page.docs.examples().is_empty()
}

#[cfg(test)]
mod tests {
    use super::{PlainData, check, returned};
    use crate::docs::page::Page;

    const DEFINITION: &str =
        "<p>What the function computes: <code>y = 2 x</code> of every element.</p>";
    const EXAMPLE: &str = "<div class=\"example-wrap\"><pre class=\"rust rust-example-rendered\"><code>assert!(f())</code></pre></div>";
    const ERRORS: &str = "<h2><a>§</a>Errors</h2><p>If.</p>";
    const SHAPES: &str = "<h2><a>§</a>Shapes</h2><p>x (N, C).</p>";
    const DECLARATION: &str = "pub fn f(x: &ArrayRef2<F>) -> Result<F, Error>";

    fn page(link: &str, declaration: &str, docs: &str, behind: &str) -> Page {
        let declaration = declaration.replace('<', "&lt;").replace('>', "&gt;");
        let html = format!(
            "id=\"main-content\"<span class=\"sub-heading\"><a class=\"src\" href=\"../src/a/b.rs.html\"></a></div><pre class=\"rust item-decl\"><code>{declaration}</code></pre>\
             <details class=\"toggle top-doc\"><div class=\"docblock\">{docs}</div></details><h2 id=x>{behind}"
        );
        Page::parse("a", link, &html).unwrap()
    }

    fn rules(page: &Page) -> Vec<&'static str> {
        let plain = PlainData::parse("a::Config | Layer\n").unwrap();
        check(page, &plain).iter().map(|finding| finding.rule).collect()
    }

    /// The rules that a function's page breaks if `part` is taken away.
    fn without(part: &str) -> Vec<&'static str> {
        let docs = [DEFINITION, SHAPES, ERRORS, EXAMPLE].concat().replace(part, "");
        rules(&page("fn.f.html", DECLARATION, &docs, ""))
    }

    #[test]
    fn each_part_is_missed() {
        assert!(without("nothing").is_empty());
        assert_eq!(without(DEFINITION), ["definition"]);
        assert_eq!(without(EXAMPLE), ["example"]);
        assert_eq!(without("assert!"), ["assertion"]);
        assert_eq!(without(SHAPES), ["shapes"]);
        assert_eq!(without(ERRORS), ["errors"]);
    }

    #[test]
    fn plain_data_links_to_its_user_instead() {
        let linked = format!("{DEFINITION}<a href=\"struct.Layer.html\">Layer</a>");
        assert!(rules(&page("struct.Config.html", "", &linked, "")).is_empty());
        assert_eq!(rules(&page("struct.Config.html", "", DEFINITION, "")), ["link"]);
        assert_eq!(rules(&page("struct.Other.html", "", &linked, "")), ["example"]);
    }

    #[test]
    fn layers_say_their_shapes_and_methods_their_errors() {
        let docs = [DEFINITION, EXAMPLE].concat();
        let layer = "<h3 class=\"code-header\">impl&lt;F: Float&gt; Layer&lt;F&gt; for A</h3>";
        assert_eq!(rules(&page("struct.A.html", "", &docs, layer)), ["shapes"]);
        let method = "<section id=\"method.m\" class=\"method\"><h4 class=\"code-header\">fn m() -&gt; Result&lt;A&gt;</h4></section></summary><div class=\"docblock\">";
        assert_eq!(rules(&page("struct.A.html", "", &docs, method)), ["errors"]);
        assert!(
            rules(&page("struct.A.html", "", &docs, &format!("{method}{ERRORS}</div>"))).is_empty()
        );
    }

    #[test]
    fn the_returned_type_is_found() {
        assert_eq!(returned("fn a(x: impl Fn(u8) -> Result<A>)"), None);
        assert_eq!(
            returned("fn a<F: Fn(u8) -> B>(x: (u8, F)) -> C\nwhere D: E"),
            Some("C\nwhere D: E")
        );
    }

    #[test]
    fn plain_data_that_is_gone_is_said() {
        let plain = PlainData::parse("# head\na::B | C\na::f | C\n").unwrap();
        assert_eq!(plain.unknown(&[page("fn.f.html", "", "", "")]), ["a::B"]);
        assert!(PlainData::parse("a::B\n").is_err());
    }
}
