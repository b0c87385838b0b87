/* The private library of private_library.c. */
int fixture_helper(void);
__attribute__((visibility("default"))) int fixture_helper(void) { return 42; }
