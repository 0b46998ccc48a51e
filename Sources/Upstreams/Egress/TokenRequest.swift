import COpenSSL
import NIOCore

/// One request for a token by the client-credentials grant (RFC 6749 §4.4).
struct TokenRequest: Sendable, Redacted {
    let location: Location
    let clientID: String
    let clientSecret: String
    let scope: String?
    let resource: String?

    /// As it goes on the wire; the client proves itself by HTTP Basic, or, for servers that do not know that, in the body.
    func bytes(provesInBody: Bool) -> ByteBuffer {
        var form = [("grant_type", "client_credentials")]
        if let scope { form.append(("scope", scope)) }
        if let resource { form.append(("resource", resource)) }
        if provesInBody { form += [("client_id", clientID), ("client_secret", clientSecret)] }
        let body = form.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
        var head = "POST \(location.target) HTTP/1.1\r\nHost: \(location.origin.authority)\r\nAccept: application/json\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n"
        if !provesInBody {
            head += "Authorization: Basic \(Self.base64("\(Self.encoded(clientID)):\(Self.encoded(clientSecret))"))\r\n"
        }
        var lines = Array(head.utf8)
        return RequestHead(taking: &lines).request(Array(body.utf8))
    }

    /// The text as `application/x-www-form-urlencoded` writes it.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "*"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): out += "+"
            default: out += byte < 16 ? "%0\(String(byte, radix: 16, uppercase: true))" : "%\(String(byte, radix: 16, uppercase: true))"
            }
        }
        return out
    }

    static func base64(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let length = EVP_EncodeBlock(&out, bytes, Int32(bytes.count))
        return String(decoding: out.prefix(Int(max(0, length))), as: UTF8.self)
    }
}
