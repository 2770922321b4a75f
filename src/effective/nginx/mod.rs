//! nginx: the server block and location that answer, and what they inherit.
