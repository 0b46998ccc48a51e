import Governance
import HTTPTypes
import Hummingbird
import Logging

/// Turns every failure into a problem document, and sets the headers that all answers have.
struct ProblemMiddleware: RouterMiddleware {
    let methods: KnownMethods

    @concurrent func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            response = try problem.response(from: request, context: context)
        } catch let error as StoreError {
            response = try Problem(error).response(from: request, context: context)
        } catch let error as HTTPError {
            response = try problem(for: error, request).response(from: request, context: context)
            // What the library says of itself.
            for field in error.headers { response.headers[field.name] = field.value }
        } catch {
            context.logger.error("admin request failed", metadata: ["path": "\(request.uri.path)", "error": "\(type(of: error))"])
            response = try Problem(.internalServerError, "internal", "an error of the node's own")
                .response(from: request, context: context)
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "no-referrer"
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// The library's errors in our words; nothing of the request is repeated.
    private func problem(for error: HTTPError, _ request: Request) -> Problem {
        guard error.status == .notFound else {
            return Problem(error.status, error.status.reasonPhrase.lowercased().replacing(" ", with: "_"), "the request cannot be answered")
        }
        let allowed = methods.allowed(at: request.uri.path)
        guard !allowed.isEmpty else { return .notFound("no such path") }
        var problem = Problem(.methodNotAllowed, "method_not_allowed", "the path takes \(allowed.joined(separator: ", "))")
        problem.headers[.allow] = allowed.joined(separator: ", ")
        return problem
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
