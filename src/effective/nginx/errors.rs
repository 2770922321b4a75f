//! `error_page`: what an answer of nginx's own is replaced by (ngx_http_special_response.c).

use crate::effective::nginx::Line;
use crate::effective::nginx::answer::Served;
use crate::effective::nginx::walk::{Next, Walk, untold};

impl<'a> Walk<'_, 'a> {
    pub(super) fn error(&mut self, status: u16) -> Next {
        self.fixed_status = Some(status);
        let recursive = self.scope().word("recursive_error_pages") == "on";
        if !self.error_page_used && self.changes_left > 0 {
            let page = self.scope().lines("error_page").into_iter().find(|line| names(line, status));
            if let Some(page) = page {
                self.error_page_used = !recursive;
                return self.error_page(page);
            }
            // Only looking counts as having used it where something is declared.
            self.error_page_used |= !recursive && !self.scope().lines("error_page").is_empty();
        }
        let redirects = matches!(status, 301 | 302 | 303 | 307 | 308);
        match self.location.take().filter(|_| redirects) {
            Some(target) => Next::End(Some(status), Served::Redirect(target)),
            None => Next::End(Some(status), Served::Error),
        }
    }

    fn error_page(&mut self, page: &'a Line) -> Next {
        let (fixed, target) = (overwrite(page), page.args.last().map(String::as_str).unwrap_or_default());
        match fixed {
            Some(0) => self.fixed_status = None,
            Some(status) => self.fixed_status = Some(status),
            None => {}
        }
        let Some(uri) = self.expand(target) else {
            return untold("error_page goes where a variable says that is not known");
        };
        if uri.starts_with('/') {
            if self.method != "HEAD" {
                self.method = "GET".to_owned();
            }
            let (path, args) = uri.split_once('?').unwrap_or((&uri, ""));
            return self.redirect_within(&page.at, path.to_owned(), args.to_owned());
        }
        if uri.starts_with('@') {
            return self.go_to_named(&page.at, &uri);
        }
        let status = fixed.filter(|status| matches!(status, 301 | 302 | 303 | 307 | 308)).unwrap_or(302);
        self.fixed_status = Some(status);
        Next::End(Some(status), Served::Redirect(Some(uri)))
    }
}

fn names(page: &Line, status: u16) -> bool {
    let codes = page.args.split_last().map_or(&[][..], |(_, codes)| codes);
    codes.iter().any(|code| code.parse() == Ok(status))
}

/// `=404`: that status; a lone `=`: 0, the status of what answers instead.
fn overwrite(page: &Line) -> Option<u16> {
    let (_, codes) = page.args.split_last()?;
    let word = codes.iter().find_map(|code| code.strip_prefix('='))?;
    Some(word.parse().unwrap_or(0))
}
