import GatehouseJOSE

/// The public keys of Tests/Vectors/jwt_jwks.json, so that the fuzzer needs no file.
enum FuzzKeys {
    /// One key of each algorithm.
    static let main = keys(
        """
        {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"r1","n":"wWRb574XUAPytkfXMdW8\
        rc527n-I75QPNZBygP7QDJwppsywIQNxssxIgF5MlrDw7rTUzNZRpHFiltEqjctcao6vtOJCx6hFLVxNd_OI\
        Z3vtSFdryENY2fLQvDewuQLcjlgay6_8x61rXesGj0_Liu-NhnKdsnMhMRtp9eY1_4J1CCFvYw4nzhbJ1FIj\
        DuQKRzy8mYaIBhktfk0V83wdzYCP8MeoKX9xKrRUVwFgDeinl_juTiFGcUb8dBNDAFpIACeuLO010g7xIH_o\
        iBUexngi8iD6zjYtq2k0phxwgYOpC7363oqSEw3G9uLbROeDydef3qwMrQsQVGFqY26crQ","e":"AQAB"},\
        {"kty":"RSA","use":"sig","alg":"PS256","kid":"ps1","n":"lJCURRqR5cNbW8u2GmQc_KebJn_4\
        KlbcypAS3HdZftkJ_DzQGkyzcYzCD1wWF5RIK6_l5YrRK7RBSEpUVXtAMEM0_tOMzlAmTs4sn2WySMb2AStT\
        AI4BQX-mkX_9qEU2HnuGhuV0vob5G6LOUIZwNX9dF3eQYS4siO3OD_nHV8L3sz8fGHR_engU2r7_LsYamtlT\
        oQOqlVOnmJSYMq7JSOTZ3nJ1SLBv4u1JZFkvzPnwNG1dQ9XzoRg6h4xbt-dJzWq6ZKKqlDHTMGhfpLYAcZ5C\
        K1_lJuEUpQjBogPXMr4Ge5JQYrLUH7V597jdvirnZ38EKlpD2Uw5XfRAaGmeow","e":"AQAB"},{"kty":"\
        EC","use":"sig","alg":"ES256","kid":"e1","crv":"P-256","x":"bGc9LhI7TeJfja8TvxiYYTsy\
        i3bKvlYPj-gR0WU9iXM","y":"VN3gzhrWUsMvMaPtG2Zd7oWw5HARyO243ccKwAi3K6Q"},{"kty":"EC",\
        "use":"sig","alg":"ES384","kid":"e3","crv":"P-384","x":"YwCrdl1sh-VYu6qYgBafbN2xW1vU\
        7DoGn17C8e8CZ_b8BzNi_NyQtnl3RO2rs1Cg","y":"9V1SSvo8F8JsUoHR22wRgtCHEummEYcB-19jR3nmf\
        aIfymL7nbxXMnq5FVal_puR"},{"kty":"EC","use":"sig","alg":"ES512","kid":"e5","crv":"P-\
        521","x":"AV93bxcjfIHrjpGSKQqG0Rj_IKtCiFq_gtoLrpJ1cm_UaRcfEIcEvXK1snfTEByhlPg5lJ0QBP\
        n_Rb_k12qA_MH5","y":"AKjfKmG5yzfk_-feabuFUZm_YTXgcNwXv3GYlOt5yRGJfp4h4xBUwYMOw21Do2v\
        1mWXQHwaDX97LhP5i1RxCusO_"},{"kty":"OKP","use":"sig","alg":"EdDSA","kid":"ed1","crv"\
        :"Ed25519","x":"NWR0G8rJnHFLr80Ua40aZiI85gb1IlMwoKgPjqq0ldA"}]}
        """)

    /// A key that pins no algorithm.
    static let unnamed = keys(
        """
        {"keys":[{"kty":"RSA","kid":"r1","n":"wWRb574XUAPytkfXMdW8rc527n-I75QPNZBygP7QDJwpps\
        ywIQNxssxIgF5MlrDw7rTUzNZRpHFiltEqjctcao6vtOJCx6hFLVxNd_OIZ3vtSFdryENY2fLQvDewuQLcjl\
        gay6_8x61rXesGj0_Liu-NhnKdsnMhMRtp9eY1_4J1CCFvYw4nzhbJ1FIjDuQKRzy8mYaIBhktfk0V83wdzY\
        CP8MeoKX9xKrRUVwFgDeinl_juTiFGcUb8dBNDAFpIACeuLO010g7xIH_oiBUexngi8iD6zjYtq2k0phxwgY\
        OpC7363oqSEw3G9uLbROeDydef3qwMrQsQVGFqY26crQ","e":"AQAB"}]}
        """)

    private static func keys(_ text: String) -> KeySet? {
        try? KeySet(parsing: Array(text.utf8))
    }
}
