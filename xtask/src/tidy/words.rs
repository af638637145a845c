//! Words of our own that a field's term has replaced, and that must not come back.

use super::source::Source;
use crate::finding::Finding;

/// Each with what to write instead. They have no other meaning in this project.
const WORDS: [(&str, &str); 7] = [
    ("ι", "a sum over indices"),
    ("dark", "saturated or inactive"),
    ("hears", "reads"),
    ("remember", "keep"),
    ("remembers", "keeps"),
    ("room for", "a buffer or memory for"),
    ("wants to find", "needs"),
];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let this = "xtask/src/tidy/words.rs";
    sources.iter().filter(|source| source.name != this).flat_map(in_file).collect()
}

fn in_file(source: &Source) -> Vec<Finding> {
    let finding = |(word, instead): &(&str, &str)| {
        let lines = source.lines.iter().enumerate().filter(|(_, line)| has_word(line, word));
        let lines: Vec<_> = lines.map(|(i, _)| (i + 1).to_string()).collect();
        let what = format!("\"{word}\": write {instead}: lines {}", lines.join(", "));
        let place = format!("{} {word}", source.name);
        (!lines.is_empty()).then(|| Finding::new("word", place, lines.len(), what))
    };
    WORDS.iter().filter_map(finding).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric();
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(joins) && !line[at + word.len()..].starts_with(joins))
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn places(text: &str) -> Vec<String> {
        let found = check(&[Source::new("a.rs", text)]);
        found.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn own_words_are_found() {
        assert_eq!(places("/// A Wᵀ + ι bᵀ\nlet dark_set = 1;\n"), ["a.rs ι", "a.rs dark"]);
        assert_eq!(places("\"room for 1 row\"\n"), ["a.rs room for"]);
        assert!(places("// darken, roommates, hearsay\nlet shears = 1;\n").is_empty());
    }
}
