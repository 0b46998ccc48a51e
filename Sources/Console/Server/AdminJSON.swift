package import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// JSON of the admin API.
package enum AdminJSON {
    /// The value as JSON, its keys sorted, times in ISO 8601.
    package static func bytes(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(value)
    }

    /// An answer that is not to be kept by anyone on the way.
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(bytes: ByteBuffer(data: try bytes(value)), status: status)
    }

    /// The same of JSON that is made already.
    static func response(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"], body: .init(byteBuffer: bytes))
    }

    /// The request's body as a value; a problem tells what is wrong with it, an unknown field too.
    static func body<Value: AdminBody>(_ type: Value.Type, of request: Request, _ context: AdminContext) async throws -> Value {
        let data = Data(buffer: try await bytes(of: request, context))
        do { return try JSONDecoder().decode(Strict<Value>.self, from: data).value } catch let problem as Problem {
            throw problem
        } catch let error as DecodingError {
            throw Problem.invalid(Self.told(error))
        } catch { throw Problem.invalid("the body is not JSON") }
    }

    /// The request's body, which must be JSON by what it says of itself.
    static func bytes(of request: Request, _ context: AdminContext) async throws -> ByteBuffer {
        let media = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() } ?? ""
        guard media == "application/json" else {
            throw Problem(.unsupportedMediaType, "media_type", "the body must be application/json")
        }
        do { return try await request.body.collect(upTo: context.maxUploadSize) } catch {
            throw Problem(.contentTooLarge, "too_large", "the body is over \(context.maxUploadSize) bytes")
        }
    }

    private static func told(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String { keys.map(\.stringValue).joined(separator: ".") }
        return switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])): missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context.codingPath)): of another type"
        case .dataCorrupted(let context): context.codingPath.isEmpty ? "the body is not JSON" : "\(path(context.codingPath)): not readable"
        @unknown default: "the body is not readable"
        }
    }
}
