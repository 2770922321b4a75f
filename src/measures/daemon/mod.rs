//! Measures of the server daemon.

use crate::measure::Measure;

mod abusive_clients;
mod odd_requests;

pub static MEASURES: &[&Measure] = &[&odd_requests::MEASURE, &abusive_clients::MEASURE];
