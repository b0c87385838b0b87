/// What `validate` says about keys and replicas (docs/adr/0007).
enum KeyRemarks {
    /// One remark: what a generated key means, or what replicas share.
    static func of(_ keys: BrokerConfiguration.Keys, isBroker: Bool) -> ConfigurationRemark {
        let parts =
            isBroker
            ? "codes (60 s, bound by PKCE), reuse of refresh tokens and revocation (access tokens"
                + " live 10 minutes at most)"
            : "states and codes (60 s, bound by PKCE)"
        if keys.secrets.isEmpty {
            let what =
                keys.file == nil
                ? "keys are made at start: registrations and logins end with the process, and"
                : "the keys are kept in a file:"
            return .warning(
                "/keys", "\(what) a generated key serves one process only; replicas need secrets",
                "secrets: [a secret of 32 octets or more]")
        }
        return .warning(
            "/keys",
            "single use is exact within one process; across replicas it is bounded by life:"
                + " \(parts)")
    }
}
