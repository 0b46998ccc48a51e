import CDashboard
import HTTPTypes
import Hummingbird
import NIOCore

/// The dashboard's files, embedded in the program: `/` and what it loads.
struct AssetRoutes {
    /// Nothing inline, nothing from elsewhere, in no frame.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

    func add(to router: Router<AdminContext>) {
        for asset in Self.assets {
            router.get(RouterPath(asset.path)) { request, _ in
                var headers: HTTPFields = [
                    .contentType: asset.type, .cacheControl: "no-cache", .eTag: asset.tag, .contentSecurityPolicy: Self.policy,
                ]
                if request.headers[.ifNoneMatch] == asset.tag { return Response(status: .notModified, headers: headers) }
                headers[.contentLength] = String(asset.bytes.readableBytes)
                return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.bytes))
            }
        }
    }

    private struct Asset: Sendable {
        let path: String
        let type: String
        let bytes: ByteBuffer
        /// A quoted name of just these bytes.
        let tag: String
    }

    private static let assets: [Asset] = (0..<satgate_dashboard_count()).map { index in
        let file = satgate_dashboard_file(index)
        let bytes = ByteBuffer(bytes: UnsafeRawBufferPointer(start: file.bytes, count: file.size))
        // FNV-1a: it is only to tell one build from another.
        let hash = bytes.readableBytesView.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Asset(
            path: String(cString: file.path), type: String(cString: file.type), bytes: bytes, tag: "\"\(String(hash, radix: 16))\"")
    }
}
