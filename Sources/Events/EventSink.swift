/// Where events go: numbered, kept and published by whoever fulfils it.
package protocol EventSink: Sendable {
    /// Takes the event over without waiting; a full queue drops the oldest and counts it.
    func publish(_ event: Event)
}
