import COpenSSL
import Glibc

/// One thread's libcrypto contexts: making them costs more than a digest does, so they are kept until the thread ends.
final class ThreadContext {
    /// An HMAC-SHA256 without a key: every use must set one.
    let mac: OpaquePointer
    let digest: OpaquePointer
    let sha256: OpaquePointer

    /// The calling thread's; nil when libcrypto or the system refuses it.
    static var current: ThreadContext? {
        guard let slot else { return nil }
        if let known = pthread_getspecific(slot) { return Unmanaged<ThreadContext>.fromOpaque(known).takeUnretainedValue() }
        guard let made = ThreadContext() else { return nil }
        let kept = Unmanaged.passRetained(made)
        guard pthread_setspecific(slot, kept.toOpaque()) == 0 else {
            kept.release()
            return nil
        }
        return made
    }

    private static let slot: pthread_key_t? = {
        var slot = pthread_key_t()
        let made = pthread_key_create(&slot) { context in
            if let context { Unmanaged<ThreadContext>.fromOpaque(context).release() }
        }
        return made == 0 ? slot : nil
    }()

    private init?() {
        guard let mac = Self.makeMAC() else { return nil }
        guard let digest = EVP_MD_CTX_new() else {
            EVP_MAC_CTX_free(mac)
            return nil
        }
        guard let sha256 = EVP_MD_fetch(nil, "SHA256", nil) else {
            EVP_MAC_CTX_free(mac)
            EVP_MD_CTX_free(digest)
            return nil
        }
        self.mac = mac
        self.digest = digest
        self.sha256 = sha256
    }

    deinit {
        EVP_MAC_CTX_free(mac)
        EVP_MD_CTX_free(digest)
        EVP_MD_free(sha256)
    }

    private static func makeMAC() -> OpaquePointer? {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { return nil }
        defer { EVP_MAC_free(algorithm) }
        guard let context = EVP_MAC_CTX_new(algorithm) else { return nil }
        guard selectSHA256(context) else {
            EVP_MAC_CTX_free(context)
            return nil
        }
        return context
    }

    /// The names are static: a parameter whose text Swift has freed is silently not found, and the MAC comes out as zeros.
    private static func selectSHA256(_ context: OpaquePointer) -> Bool {
        let key: StaticString = "digest"
        let value: StaticString = "SHA256"
        return key.utf8Start.withMemoryRebound(to: CChar.self, capacity: key.utf8CodeUnitCount + 1) { key in
            value.utf8Start.withMemoryRebound(to: CChar.self, capacity: value.utf8CodeUnitCount + 1) { value in
                let parameters = [
                    OSSL_PARAM_construct_utf8_string(key, UnsafeMutablePointer(mutating: value), 0), OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_CTX_set_params(context, parameters) == 1
            }
        }
    }
}
