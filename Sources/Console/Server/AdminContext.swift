import Hummingbird

/// What belongs to one request at the admin port.
struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; nil outside of the API.
    var identity: AdminIdentity?

    init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }

    /// Requests with more are refused with 413.
    var maxUploadSize: Int { 1 << 20 }

    /// The name that events of a change carry: `api:<name>`.
    var operatorName: String { "api:\(identity?.name ?? "-")" }
}
