import NIOSSL
import Secrets
import Synchronization

/// Who we are to Redis and how it proves who it is, from files that may change while we run: each new connection goes by what they say then.
package final class RedisSecrets: Sendable, CustomStringConvertible, CustomReflectable {
    /// Where the password of a user stands.
    package struct PasswordFile: Sendable, Hashable {
        /// Nil: Redis' `default`.
        let user: String?
        let path: String

        /// One newline at the file's end does not count.
        package init(user: String?, path: String) {
            self.user = user
            self.path = path
        }
    }

    private struct State {
        var credentials: RedisCredentials?
        var context: NIOSSLContext?
    }

    /// How a `rediss://` server is recognised; nil: plain TCP.
    package let tls: RedisTLS?
    private let file: PasswordFile?
    private let state: Mutex<State>

    /// What is fixed.
    package init(_ credentials: RedisCredentials? = nil, tls: RedisTLS? = nil) {
        self.tls = tls
        file = nil
        state = Mutex(State(credentials: credentials))
    }

    /// A password that is read from a file.
    package init(_ file: PasswordFile, tls: RedisTLS? = nil) {
        self.tls = tls
        self.file = file
        state = Mutex(State())
    }

    /// The same credentials over such TLS.
    package func with(_ tls: RedisTLS) -> RedisSecrets {
        if let file { RedisSecrets(file, tls: tls) } else { RedisSecrets(credentials, tls: tls) }
    }

    /// Reads all files again; where one cannot be used, all stay as they were.
    func load() throws(RedisError) {
        let credentials = try file.map { (file) throws(RedisError) in try file.read() }
        let context = try tls?.context()
        state.withLock { state in
            if let credentials { state.credentials = credentials }
            state.context = context
        }
    }

    /// As of the last reading.
    var credentials: RedisCredentials? { state.withLock { $0.credentials } }
    /// As of the last reading; nil: plain TCP.
    var context: NIOSSLContext? { state.withLock { $0.context } }
    package var isSecure: Bool { tls != nil }
    /// True where no AUTH is sent.
    package var isAnonymous: Bool { file == nil && credentials == nil }
    /// True where there is a file to read again.
    var canChange: Bool { file != nil || tls?.isInFiles == true }

    package var description: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension RedisSecrets.PasswordFile {
    fileprivate func read() throws(RedisError) -> RedisCredentials {
        guard var bytes = TextFile.bytes(of: path) else { throw .badSecret("cannot read the password file \(path)") }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty, String(validating: bytes, as: UTF8.self) != nil else {
            throw .badSecret("the password file \(path) is empty, or is not UTF-8")
        }
        return RedisCredentials(user: user, password: SecretBytes(taking: &bytes))
    }
}
