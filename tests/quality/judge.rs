//! Lines judged as `rules match` judges them.

use std::path::Path;
use std::sync::Arc;

use peelhouse::detect::Settings;
use peelhouse::detect::rules::{Field, RuleSet, RuleText, Scanner};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{At, Confidence, DeclaredFormat, Event, FormatSyntax, Millis, Severity, What};

pub struct Judge {
    rules: Arc<RuleSet>,
    scanner: Scanner,
    parser: Parser,
}

/// What is said of a line.
pub struct Verdict {
    pub alert: bool,
    pub score: f32,
    pub rules: Vec<String>,
}

const ALERT: f32 = 3.0;

impl Judge {
    /// With the pack, or with the rules of the folder that `PEELHOUSE_RULES` names.
    pub fn new() -> Self {
        let rules = Arc::new(match std::env::var("PEELHOUSE_RULES") {
            Ok(folder) => of_folder(Path::new(&folder)),
            Err(_) => RuleSet::embedded().unwrap(),
        });
        let combined = DeclaredFormat {
            syntax: FormatSyntax::Apache,
            name: "combined".to_owned(),
            pattern: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".to_owned(),
        };
        let parser = Parser::new(LineFormat::compile(&combined).unwrap());
        Self { scanner: Scanner::new(Arc::clone(&rules), 1), rules, parser }
    }

    pub fn judge(&mut self, line: &str) -> Verdict {
        let Ok(Line::Record(record)) = self.parser.parse(line.as_bytes()) else { panic!("does not parse: {line}") };
        let mut hits = Vec::new();
        let well = matches!(&record.what, What::Request(request) if (200..400).contains(&request.status));
        let (raw, what) = (line.as_bytes(), record.what);
        let event = Event { now: Millis(0), stamp: None, at: At::default(), client: None, site: b"", raw, what };
        self.scanner.scan(&event, &mut hits);
        let settings = Settings::default();
        let weight = |hit: &peelhouse::detect::rules::Hit| {
            let rule = self.rules.rule(hit.rule).unwrap();
            if rule.level <= Severity::Low && well && hit.field != Field::Agent {
                return 0.0;
            }
            rule.score
                * match rule.confidence {
                    Confidence::High => 1.0,
                    Confidence::Medium => settings.score_medium_confidence,
                    Confidence::Low => settings.score_low_confidence,
                }
        };
        let score = hits.iter().map(weight).sum::<f32>().min(settings.score_line);
        let rules = hits.iter().map(|hit| self.rules.rule(hit.rule).unwrap().id.clone()).collect();
        Verdict { alert: score >= ALERT, score, rules }
    }
}

fn of_folder(folder: &Path) -> RuleSet {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    let texts: Vec<RuleText<'_>> = files.iter().map(|(file, text)| RuleText { file, text }).collect();
    let (set, errors) = RuleSet::load(&texts);
    errors.iter().for_each(|error| println!("{error}"));
    set
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "yml") {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}
