//! A decision in words.

use crate::model::Action;
use crate::respond::span::Span;

/// "11 of 10 missing paths in 100 s; banned for 20m, offence 2; note".
pub(super) fn why(sentence: &str, action: Action, span: Span, offence: u32, note: &str) -> String {
    let done = match action {
        Action::Tell => String::new(),
        Action::Limit => format!("limited for {span}, offence {offence}"),
        Action::Ban => format!("banned for {span}, offence {offence}"),
    };
    let parts = [sentence, &done, note];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}
