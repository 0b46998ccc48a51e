import Synchronization
import Testing

@testable import Secrets

@Suite("Secrets in memory")
struct SecretBytesTests {
    @Test("their memory holds zeros when it is given back, however many had them")
    func overwritten() {
        let seen = Mutex<[UInt8]?>(nil)
        var secret: SecretBytes? = SecretBytes([1, 2, 3]) { memory in seen.withLock { $0 = Array(memory) } }
        var other = secret
        secret = nil
        #expect(seen.withLock { $0 } == nil)
        #expect(other?.withUnsafeBytes { Array($0) } == [1, 2, 3])
        other = nil
        #expect(seen.withLock { $0 } == [0, 0, 0])
    }

    @Test("bytes that are taken over are gone from where they were")
    func taken() {
        var bytes: [UInt8] = [5, 6, 7]
        let secret = SecretBytes(taking: &bytes)
        #expect(bytes.isEmpty && secret.withUnsafeBytes { Array($0) } == [5, 6, 7])
        #expect(SecretBytes(taking: &bytes).isEmpty)
    }

    @Test("they are equal where their bytes are, and show none of them")
    func equality() {
        let secret = SecretBytes(utf8("5ec7e7"))
        #expect(secret == SecretBytes(utf8("5ec7e7")) && secret.hashValue == SecretBytes(utf8("5ec7e7")).hashValue)
        #expect(secret != SecretBytes(utf8("5ec7e8")) && secret != SecretBytes(utf8("5ec7e")) && secret != SecretBytes([]))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("5ec7e7"))
    }
}
