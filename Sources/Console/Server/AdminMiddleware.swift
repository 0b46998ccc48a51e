import HTTPTypes
import Hummingbird
import Logging

/// Turns every failure into a problem document, and sets the headers that all answers have.
struct ProblemMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            response = try problem.response(from: request, context: context)
        } catch let error as HTTPError {
            let code = error.status.reasonPhrase.lowercased().replacing(" ", with: "_")
            let detail = error.body ?? "\(request.method.rawValue) \(request.uri.path)"
            response = try Problem(error.status, code, detail).response(from: request, context: context)
            // What the library says of itself, such as `Allow`.
            for field in error.headers { response.headers[field.name] = field.value }
        } catch {
            context.logger.error("admin request failed", metadata: ["path": "\(request.uri.path)", "error": "\(type(of: error))"])
            response = try Problem(.internalServerError, "internal", "an error of the node's own")
                .response(from: request, context: context)
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }
}

/// Lets nobody into the API without a good token, and readers change nothing.
struct AccessMiddleware: RouterMiddleware {
    let access: Access

    @concurrent func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        guard let identity = access.identity(of: request.head) else {
            var problem = Problem(
                .unauthorized, "unauthorized",
                access.credentials.isEmpty ? "no admin token is configured (admin.tokens_file)" : "an admin token is needed")
            problem.headers[.wwwAuthenticate] = "Bearer"
            throw problem
        }
        let isHarmless = request.method == .get || request.method == .head
        guard identity.role.covers(isHarmless ? .read : .admin) else {
            throw Problem(.forbidden, "forbidden", "\(identity.name) may only read")
        }
        var context = context
        context.identity = identity
        return try await next(request, context)
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
