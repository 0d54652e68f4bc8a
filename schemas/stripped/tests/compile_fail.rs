//! What must not compile, with the compiler's own words: the walls that are types.

#[test]
fn the_walls_that_are_types_stand() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
