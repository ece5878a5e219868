/// Lines of the standard catalogue that restate another one: on real bars they correlate with it above 0.9999, so that
/// they say nothing new. They are captured like all lines, but the default selection leaves them out, and no feature is
/// made of them. Pairs of (restating line, line that stays).
static TWINS: &[(&str, &str)] = &[];

/// The line that `name` restates, if it is left out for that.
pub fn twin_of(name: &str) -> Option<&'static str> {
    TWINS.iter().find(|(twin, _)| *twin == name).map(|(_, stays)| *stays)
}
