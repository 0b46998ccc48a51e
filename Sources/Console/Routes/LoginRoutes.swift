import HTTPTypes
import Hummingbird

/// `POST /api/v1/login` and `/logout`: a cookie that stands for an admin token in a browser.
struct LoginRoutes {
    private struct Login: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case token }

        let token: String
    }

    let access: Access

    func add(to router: RouterGroup<AdminContext>) {
        router.post("login") { request, context in
            let login = try await AdminJSON.body(Login.self, of: request, context)
            guard let cookie = access.credentials.cookie(token: login.token, now: access.now()) else {
                throw Problem(.unauthorized, "unauthorized", "this is no admin token")
            }
            // Over TLS, ended here or by a proxy, the cookie must not go out in the clear.
            let isSecure = request.head.scheme == "https" || request.headers[HTTPField.Name("X-Forwarded-Proto")!] == "https"
            return Response(status: .noContent, headers: [.setCookie: access.setCookie(cookie, isSecure: isSecure)])
        }
        router.post("logout") { _, _ in
            Response(status: .noContent, headers: [.setCookie: access.setCookie(nil, isSecure: false)])
        }
    }
}
