# Builds the fuzzer; sourced, not run.

# build_fuzzer ADDRESS: builds with the fuzzer's instrumentation and, for yes, the address
# sanitizer; prints the path of the program. The build has a folder of its own, because every
# library is instrumented.
build_fuzzer() {
    local scratch=.build-fuzz/plain options=(--sanitize fuzzer)
    if [ "$1" = yes ]; then
        scratch=.build-fuzz/address
        options+=(--sanitize address)
    fi
    options+=(-c release --scratch-path "$scratch" --product gatehouse-fuzz -Xswiftc -enable-testing)
    GATEHOUSE_FUZZ=1 swift build "${options[@]}" --quiet >&2
    echo "$scratch/release/gatehouse-fuzz"
}
