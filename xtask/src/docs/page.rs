//! A page of `cargo doc`, and what it shows.

use super::html::{between, div, text};

/// What an item is: the first part of its page's name.
const KINDS: [&str; 7] = ["struct", "enum", "union", "trait", "fn", "type", "macro"];

/// The page of one item.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// `struct`, `trait`, …
    pub(crate) kind: String,
    /// `layers::layer::Layer`
    pub(crate) path: String,
    /// The item as it is declared.
    pub(crate) declaration: String,
    /// The item's own documentation.
    pub(crate) docs: Docs,
    /// What can be called on it, with its own documentation; implementations of traits left out.
    pub(crate) methods: Vec<(String, String, Docs)>,
    /// Traits that it implements, with their parameters.
    pub(crate) implements: Vec<String>,
}

/// The documentation of an item.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Docs {
    /// All of it, as HTML.
    html: String,
}

impl Page {
    /// Reads the page behind a link of `all.html`; nothing if it is no type, trait, function or
    /// macro, or if another crate defines it: then its source is not this crate's.
    pub(crate) fn parse(krate: &str, link: &str, html: &str) -> Option<Self> {
        let (folder, file) = link.rsplit_once('/').unwrap_or(("", link));
        let (kind, name) = file.strip_suffix(".html")?.split_once('.')?;
        if !KINDS.contains(&kind) {
            return None;
        }
        let folders = folder.split('/').filter(|folder| !folder.is_empty());
        let path: Vec<_> = std::iter::once(krate).chain(folders).chain([name]).collect();
        let (_, html) = html.split_once("id=\"main-content\"")?;
        let (heading, _) = between(html, "class=\"sub-heading\">", "</div>")?;
        if !heading.contains(&format!("/src/{krate}/")) {
            return None;
        }
        let declaration = between(html, "item-decl\"><code>", "</code></pre>")
            .or_else(|| between(html, "<pre class=\"rust item-decl\">", "</pre>"));
        Some(Self {
            kind: kind.to_owned(),
            path: path.join("::"),
            declaration: declaration.map(|(html, _)| text(html)).unwrap_or_default(),
            docs: Docs::top(html),
            methods: methods(html),
            implements: implemented(html),
        })
    }
}

impl Docs {
    /// The documentation at the head of a page.
    fn top(html: &str) -> Self {
        html.split_once("class=\"toggle top-doc\"").map_or(Self::default(), |(_, d)| Self::first(d))
    }

    /// The first block of documentation.
    fn first(html: &str) -> Self {
        let block = html.split_once("<div class=\"docblock\">").map_or("", |(_, block)| div(block));
        Self { html: block.to_owned() }
    }

    /// Whether it says what the item is: in two sentences at least, or with a formula.
    pub(crate) fn defines(&self) -> bool {
        let prose = self.prose();
        let words = text(&prose);
        let sentences = words.matches(['.', ':', ';']).count();
        words.chars().count() >= 40 && (sentences >= 2 || prose.contains("<code>"))
    }

    /// The documentation without examples.
    fn prose(&self) -> String {
        let mut parts = self.html.split("<div class=\"example-wrap");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |prose, part| {
            let is_code = part.contains("rust-example-rendered");
            let (block, behind) = part.split_once("</pre>").unwrap_or((part, ""));
            prose + if is_code { "" } else { block } + behind
        })
    }

    /// The text of every example that is compiled and run.
    pub(crate) fn examples(&self) -> Vec<String> {
        let blocks = self.html.split("<div class=\"example-wrap").skip(1);
        let run = |block: &&str| {
            let class = block.split('"').next().unwrap_or_default();
            let is_rust = block.contains("<pre class=\"rust rust-example-rendered\">");
            is_rust && !class.contains("ignore") && !class.contains("compile_fail")
        };
        let code = |block: &str| {
            between(block, "<code>", "</code></pre>").map_or(String::new(), |(code, _)| text(code))
        };
        blocks.filter(run).map(code).collect()
    }

    /// Whether it has a section of this name.
    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.html.contains(&format!("</a>{name}</h"))
    }

    /// Whether it links to the page of an item of this name.
    pub(crate) fn links_to(&self, name: &str) -> bool {
        let pages = [format!(".{name}.html"), format!("/{name}/index.html")];
        let mut links =
            self.html.split("href=\"").skip(1).filter_map(|link| link.split('"').next());
        links.any(|link| {
            let link = link.split('#').next().unwrap_or(link);
            pages.iter().any(|page| link.ends_with(page.as_str()))
        })
    }
}

/// Name, declaration and documentation of each.
fn methods(html: &str) -> Vec<(String, String, Docs)> {
    // What a type gets from traits is documented elsewhere.
    let mut found = Vec::new();
    for section in html.split("<section id=\"").skip(1) {
        let Some((id, behind)) = section.split_once('"') else { continue };
        let is_own = behind.starts_with(" class=\"method\"");
        let name = id.strip_prefix("method.").or_else(|| id.strip_prefix("tymethod."));
        let (Some(name), true) = (name, is_own) else { continue };
        let Some((declaration, behind)) = between(behind, "code-header\">", "</h4>") else {
            continue;
        };
        let docs = behind.strip_prefix("</section></summary>").map(Docs::first);
        found.push((name.to_owned(), text(declaration), docs.unwrap_or_default()));
    }
    found
}

/// `Layer<F>` of `impl<F: Float> Layer<F> for Relu`.
fn implemented(html: &str) -> Vec<String> {
    let headers = html.split("<h3 class=\"code-header\">").skip(1);
    let texts = headers.filter_map(|header| header.split_once("</h3>").map(|(h, _)| text(h)));
    let traits = texts.filter_map(|text| {
        let (implemented, _) = text.rsplit_once(" for ")?;
        Some(implemented.rsplit(' ').next()?.to_owned())
    });
    traits.collect()
}

#[cfg(test)]
mod tests {
    use super::{Docs, Page};

    const PAGE: &str = r##"<h2>x</h2><section id="main-content"><span class="sub-heading"><a class="src" href="../src/layers/a.rs.html">Source</a></span></div><pre class="rust item-decl"><code>pub struct <b>A</b>&lt;F&gt;</code></pre>
<details class="toggle top-doc" open><div class="docblock"><p>One. Two.</p><h2 id="a">B</h2></div></details>
<h2 id="implementations">Implementations</h2><section id="impl-A" class="impl"><h3 class="code-header">impl&lt;F&gt; A&lt;F&gt;</h3></section>
<details><summary><section id="method.new" class="method"><h4 class="code-header">pub fn <a>new</a>() -&gt; Result&lt;Self, E&gt;</h4></section></summary><div class="docblock"><p>New.</p></div></details>
<section id="method.bare" class="method"><h4 class="code-header">pub fn bare()</h4></section>
<h3 class="code-header">impl&lt;F: Float&gt; Layer&lt;F&gt; for A&lt;F&gt;</h3>
<details><summary><section id="method.clone" class="method trait-impl"><h4 class="code-header">fn clone()</h4></section></summary><div class='docblock'>Copies.</div></details>"##;

    fn docs(html: &str) -> Docs {
        Docs { html: html.to_owned() }
    }

    #[test]
    fn a_page_is_read() {
        let page = Page::parse("layers", "b/struct.A.html", PAGE).unwrap();
        assert_eq!((page.kind.as_str(), page.path.as_str()), ("struct", "layers::b::A"));
        assert_eq!(page.declaration, "pub struct A<F>");
        assert_eq!(page.docs, docs("<p>One. Two.</p><h2 id=\"a\">B</h2>"));
        assert_eq!(page.implements, ["Layer<F>"]);
        let [(new, declared, with), (bare, _, without)] = &page.methods[..] else { panic!() };
        assert_eq!((new.as_str(), bare.as_str()), ("new", "bare"));
        assert_eq!(declared, "pub fn new() -> Result<Self, E>");
        assert_eq!((with, without), (&docs("<p>New.</p>"), &Docs::default()));
        assert!(Page::parse("layers", "constant.A.html", PAGE).is_none());
        for elsewhere in
            [PAGE.replace("src/layers", "src/kernels"), PAGE.replace("href=\"../src", "")]
        {
            assert!(Page::parse("layers", "struct.A.html", &elsewhere).is_none());
        }
    }

    #[test]
    fn without_documentation_of_its_own_a_page_shows_none() {
        let html = PAGE.replace("top-doc", "other");
        assert_eq!(Page::parse("layers", "struct.A.html", &html).unwrap().docs, Docs::default());
    }

    fn example(class: &str, language: &str, code: &str) -> String {
        format!(
            "<div class=\"example-wrap{class}\"><a>i</a><pre class=\"{language}\"><code>{code}</code></pre></div>"
        )
    }

    #[test]
    fn examples_that_run_count() {
        let rust = "rust rust-example-rendered";
        assert_eq!(docs(&example("", rust, "<b>f</b>(a &lt; b)")).examples(), ["f(a < b)"]);
        assert_eq!(docs(&example(" should_panic", rust, "f()")).examples().len(), 1);
        for (class, language) in [(" ignore", rust), (" compile_fail", rust), ("", "language-text")]
        {
            assert!(
                docs(&example(class, language, "f()")).examples().is_empty(),
                "{class}{language}"
            );
        }
    }

    #[test]
    fn a_definition_is_a_formula_or_two_sentences() {
        let formula =
            "<p>A line that multiplies: <code>Z = A W</code>, for every row of the batch.</p>";
        assert!(docs(formula).defines());
        assert!(!docs(&formula.replace("code>", "b>").replace(':', "")).defines());
        assert!(docs("<p>The first sentence of it all. And here is the second one.</p>").defines());
        assert!(
            !docs("<p>The first and only sentence, which is quite long for itself.</p>").defines()
        );
        assert!(!docs("<p><code>Z = A W</code></p>").defines(), "a formula says what it is of");
        let code =
            example("", "rust rust-example-rendered", "let a = 1; let b = 2; let c = a + b; a.b.c");
        assert!(!docs(&code).defines(), "an example defines nothing");
        let block = example("", "language-text", "Z = A W + b, b added to each row");
        assert!(docs(&format!("<p>What it computes:</p>{block}")).defines());
    }

    #[test]
    fn sections_and_links_are_found() {
        let docs = docs(
            "<h2 id=\"errors\"><a href=\"#errors\">§</a>Errors</h2><a href=\"../b/struct.Bc.html#x\">Bc</a>",
        );
        assert!(docs.has_section("Errors") && !docs.has_section("Shapes"));
        assert!(docs.links_to("Bc") && !docs.links_to("Cc") && !docs.links_to("c"));
    }
}
