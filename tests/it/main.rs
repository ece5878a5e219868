//! The program as a whole, driven through its command line and its window.
