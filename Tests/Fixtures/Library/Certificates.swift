/// An authority, server and client certificates of it, and a second authority that signed none: PEM files made by openssl.
package struct Certificates: Sendable {
    private let directory: String

    /// Makes them in `directory`, for the server names `localhost` and `127.0.0.1`.
    package init(in directory: String) throws {
        self.directory = directory
        for authority in ["ca", "other"] {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                "/CN=\(authority)", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", path(authority, "key"), "-out",
                path(authority, "crt"))
        }
        try issue("server", names: "DNS:localhost,IP:127.0.0.1")
        try issue("elsewhere", names: "DNS:elsewhere.example")
        try issue("address", names: "DNS:elsewhere.example,IP:127.0.0.1,IP:::1")
        try issue("client", names: "DNS:client")
        try issueExpired("expired", names: "DNS:localhost,IP:127.0.0.1")
    }

    package var authority: String { path("ca", "crt") }
    /// Has signed nothing that a server shows.
    package var otherAuthority: String { path("other", "crt") }
    /// What a server of `localhost` shows.
    package var serverCertificate: String { path("server", "crt") }
    package var serverKey: String { path("server", "key") }
    /// For another name.
    package var elsewhereCertificate: String { path("elsewhere", "crt") }
    package var elsewhereKey: String { path("elsewhere", "key") }
    /// For another name and the loopback addresses.
    package var addressCertificate: String { path("address", "crt") }
    package var addressKey: String { path("address", "key") }
    /// Of `localhost`, and no longer valid.
    package var expiredCertificate: String { path("expired", "crt") }
    package var expiredKey: String { path("expired", "key") }
    package var clientCertificate: String { path("client", "crt") }
    package var clientKey: String { path("client", "key") }

    /// What makes a redis-server use them; `elsewhere`: with a certificate for another name.
    package func redisArguments(elsewhere: Bool = false, clients: String = "no") -> [String] {
        let name = elsewhere ? "elsewhere" : "server"
        return [
            "--tls-cert-file", path(name, "crt"), "--tls-key-file", path(name, "key"), "--tls-ca-cert-file", authority,
            "--tls-auth-clients", clients,
        ]
    }

    private func issue(_ name: String, names: String) throws {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=\(name)",
            "-CA", path("ca", "crt"), "-CAkey", path("ca", "key"), "-addext", "subjectAltName=\(names)", "-addext",
            "basicConstraints=critical,CA:FALSE", "-keyout", path(name, "key"), "-out", path(name, "crt"))
    }

    private func issueExpired(_ name: String, names: String) throws {
        try openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)", "-addext",
            "subjectAltName=\(names)", "-keyout", path(name, "key"), "-out", path(name, "csr"))
        try openssl(
            "x509", "-req", "-in", path(name, "csr"), "-CA", path("ca", "crt"), "-CAkey", path("ca", "key"), "-CAcreateserial", "-days",
            "-1", "-copy_extensions", "copyall", "-out", path(name, "crt"))
    }

    private func path(_ name: String, _ kind: String) -> String { "\(directory)/\(name).\(kind)" }

    private func openssl(_ arguments: String...) throws { try run(["openssl"] + arguments) }
}
