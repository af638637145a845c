//! The little of HTML that rustdoc's pages need: they are regular, and their text has no bare `<`.

/// What stands between `start` and the next `end`, and what follows.
pub(crate) fn between<'a>(html: &'a str, start: &str, end: &str) -> Option<(&'a str, &'a str)> {
    let (_, behind) = html.split_once(start)?;
    behind.split_once(end)
}

/// What a `div` holds, from behind its opening tag.
pub(crate) fn div(html: &str) -> &str {
    let mut depth = 1;
    for (at, _) in html.match_indices('<') {
        if html[at..].starts_with("<div") {
            depth += 1;
        } else if html[at..].starts_with("</div>") {
            depth -= 1;
        }
        if depth == 0 {
            return &html[..at];
        }
    }
    html
}

/// The text without tags.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", "\""), ("&#39;", "'")];
    names.iter().fold(text, |text, (name, c)| text.replace(name, c)).replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::{between, div, text};

    #[test]
    fn tags_go_and_characters_come_back() {
        assert_eq!(text("<p>a &lt; <code>b</code> &amp;lt;</p>"), "a < b &lt;");
        assert_eq!(text("<a href=\"x\">y"), "y");
    }

    #[test]
    fn a_div_ends_where_it_is_closed() {
        assert_eq!(div("a<div>b</div>c</div>d</div>"), "a<div>b</div>c");
        assert_eq!(div("no end"), "no end");
    }

    #[test]
    fn parts_are_cut_out() {
        assert_eq!(between("a<b>c</b>d", "<b>", "</b>"), Some(("c", "d")));
        assert_eq!(between("a", "<b>", "</b>"), None);
    }
}
