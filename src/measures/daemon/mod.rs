//! Measures of the server daemon.

pub mod abusive_clients;
pub mod exposed_files;
pub mod framing;
pub mod identity_strings;
pub mod odd_requests;
pub mod request_filter;
pub mod script_user;
pub mod security_headers;

use crate::measure::Measure;

pub static MEASURES: &[&Measure] = &[
    &abusive_clients::MEASURE,
    &exposed_files::MEASURE,
    &framing::MEASURE,
    &identity_strings::MEASURE,
    &odd_requests::MEASURE,
    &request_filter::MEASURE,
    &script_user::MEASURE,
    &security_headers::MEASURE,
];
