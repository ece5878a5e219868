//! Composites and the rest.

family! {}
