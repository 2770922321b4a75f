//! scratch
use std::sync::Arc;
use std::io::Read;
use peelhouse::detect::rules::{Hit, RuleSet, Scanner, RuleText};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{At, DeclaredFormat, Event, FormatSyntax, Millis, Severity};
fn walk(d:&std::path::Path, out:&mut Vec<(String,String)>){ for e in std::fs::read_dir(d).unwrap(){let p=e.unwrap().path(); if p.is_dir(){walk(&p,out)}else if p.extension().is_some_and(|x|x=="yml"){out.push((p.display().to_string(),std::fs::read_to_string(&p).unwrap()))}}}
fn main(){
 let args:Vec<String>=std::env::args().collect();
 let mut texts=Vec::new(); walk(std::path::Path::new(&args[1]),&mut texts); texts.sort();
 let t:Vec<RuleText>=texts.iter().map(|(f,t)|RuleText{file:f,text:t}).collect();
 let (set,errs)=RuleSet::load(&t); for e in &errs{eprintln!("{e}")}
 let set=Arc::new(set);
 let mut sc=Scanner::new(Arc::clone(&set),1);
 let fmt=LineFormat::compile(&DeclaredFormat{syntax:FormatSyntax::Apache,name:"combined".into(),pattern:"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".into()}).unwrap();
 let mut parser=Parser::new(fmt);
 let mut text=String::new();
 if args[2]=="--test" {
   for r in set.rules().iter().enumerate(){ let (at,rule)=r;
     for (want,list) in [(true,&rule.samples.must_match),(false,&rule.samples.quiet)] { for s in list {
       let l= if s.contains("] \"")||s.starts_with('['){s.clone()}else{let t=s.replace('\\',"\\\\").replace('"',"\\\"");format!("192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] \"GET {t} HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"")};
       if s.starts_with('['){continue}
       let h=hits(&mut sc,&mut parser,&l); let got=h.iter().any(|h|usize::from(h.rule.0)==at);
       if got!=want{println!("{} {} {}",if want{"MISSES"}else{"ALARMS"},rule.id,s)} }}
     if rule.samples.must_match.len()<2||rule.samples.quiet.len()<2{println!("FEW {}",rule.id)}
   } println!("{} rules",set.rules().len()); return;
 }
 std::io::stdin().lock().read_to_string(&mut text).unwrap();
 for l in text.lines(){ let h=hits(&mut sc,&mut parser,l);
   let mut score=0.0f32; let mut crit=false; let mut ids=String::new(); let mut lvl=Severity::Info;
   for x in &h{ let r=set.rule(x.rule).unwrap(); score+=r.score*match r.confidence{peelhouse::model::Confidence::High=>1.0,peelhouse::model::Confidence::Medium=>0.75,peelhouse::model::Confidence::Low=>0.5}; crit|=r.critical; lvl=lvl.max(r.level); ids.push_str(&r.id); ids.push(' ');}
   println!("{score}\t{}\t{:?}\t{}",crit as u8,lvl,ids);
 }
}
fn hits(sc:&mut Scanner,p:&mut Parser,l:&str)->Vec<Hit>{ let mut v=Vec::new(); let Ok(Line::Record(rec))=p.parse(l.as_bytes()) else {eprintln!("noparse {l}");return v};
 let e=Event{now:Millis(0),stamp:None,at:At::default(),client:None,site:b"",raw:l.as_bytes(),what:rec.what}; sc.scan(&e,&mut v); v}
