import COpenAPI
import Hummingbird
import NIOCore

/// `GET /api/v1/openapi.json`: what the API takes and answers. Its tests drive the API by it.
struct OpenAPIRoutes {
    /// The document, JSON.
    static let document: ByteBuffer = {
        let document = satgate_openapi()
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: document.bytes, count: document.size))
    }()

    func add(to router: RouterGroup<AdminContext>) {
        router.get("openapi.json") { _, _ in AdminJSON.response(bytes: Self.document) }
    }
}
