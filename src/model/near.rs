//! The word somebody meant who wrote another.

/// Longer words are compared by their beginnings.
const MOST_LETTERS: usize = 64;

/// The known word nearest to one that is not known, where it is near enough to be meant.
pub fn nearest<'w>(given: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let (far, word) = known.into_iter().map(|word| (distance(given, word), word)).min()?;
    (far <= 1 + given.chars().count().min(MOST_LETTERS) / 4).then_some(word)
}

/// How many letters to insert, delete or replace (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().take(MOST_LETTERS).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (n, letter) in from.chars().take(MOST_LETTERS).enumerate() {
        let mut diagonal = n;
        let mut left = n + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let here = (diagonal + usize::from(letter != *other)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = n + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["class", "score", "first"];
        assert_eq!(nearest("scroe", known), Some("score"));
        assert_eq!(nearest("frist", known), Some("first"));
        assert_eq!(nearest("clas", known), Some("class"));
        assert_eq!(nearest("response", known), None);
        assert_eq!(nearest("", []), None);
    }
}
