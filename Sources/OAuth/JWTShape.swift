import Foundation
import Macaroons

/// A token in the compact form (RFC 7515 §7.1), read but not proved.
///
/// Its header is not read by JWTKit, which ends the process over a number that no `Int` holds.
struct JWTShape: Sendable {
    /// What of the header counts.
    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let isCritical: Bool

        private enum Field: String, CodingKey { case alg, kid, typ, crit }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Field.self)
            alg = try fields.decode(String.self, forKey: .alg)
            kid = try fields.decodeIfPresent(String.self, forKey: .kid)
            typ = try fields.decodeIfPresent(String.self, forKey: .typ)
            isCritical = fields.contains(.crit)
        }
    }

    /// What of the claims decides who is to prove the rest; those are read when they are proved.
    private struct Payload: Decodable { let iss: String }

    let bytes: [UInt8]
    let algorithm: String
    /// Which key of the issuer is meant; nil where any may be.
    let key: String?
    let issuer: String

    /// What `typ` may be, where it is there (RFC 9068 §2.1): tokens for other uses name other types.
    private static let types: Set<String> = ["at+jwt", "application/at+jwt", "jwt"]

    /// Nil for what is no access token by its form: not three parts of base64url without padding, no JSON objects in them, a type of
    /// another use, or a header that is critical (RFC 7515 §4.1.11), of which none is known here.
    init?(_ token: String) {
        let parts = token[...].utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty, let head = Self.decoded(parts[0]), let payload = Self.decoded(parts[1]),
            Self.decoded(parts[2]) != nil
        else { return nil }
        let decoder = JSONDecoder()
        guard let header = try? decoder.decode(Header.self, from: Data(head)), !header.isCritical,
            let claims = try? decoder.decode(Payload.self, from: Data(payload))
        else { return nil }
        guard header.typ.map({ Self.types.contains($0.lowercased()) }) ?? true else { return nil }
        bytes = Array(token.utf8)
        algorithm = header.alg
        key = header.kid
        issuer = claims.iss
    }

    private static func decoded(_ part: Substring.UTF8View) -> [UInt8]? {
        let marks = Set("+/=".utf8)
        return part.contains(where: marks.contains) ? nil : Base64.decode(Array(part))
    }
}
