//! stub
/// stub
#[derive(Debug)]
pub struct Dockerfile {}
