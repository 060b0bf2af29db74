// Package storage holds no code of its own; its folders keep what core decides.
//
//	seal         secrets at rest: a key file, and values that open in their own place only
//	sqlite       one file for each practice
//	storagetest  one suite that judges every core.Store
//
// # Invariants
//
//   - A change and its events are in one transaction; neither exists without the other.
//   - The log grows at its end only. Each event is chained to the one before by a
//     hash that takes a key, and so is the end of the log. Its beginning may be
//     deleted for its age; then an anchor takes its place, by the same key.
//   - A secret is sealed for its practice, table, column and row. No secret, code
//     or key stands in a file, an error or the log in a form that can be read.
//   - Whoever is killed, at whatever moment, leaves a store and a key that fit.
//   - A store is made by opening it on purpose. One that has vanished is missed, and
//     never replaced by an empty one, in which two-factor would be off.
//   - What can't be trusted is not opened: another practice's file, a newer schema,
//     a wrong key, a mode that lets others in. Refusing changes nothing.
//
// # Who may import whom
//
// storage imports core; core and ui never import storage; cmd joins them.
package storage
