// Package ui is the house's front: what people see, drawn with Fyne.
//
//	manager   the tool's window and its log
//	widget    the pieces that Fyne lacks: QR code, account picker, theme
//	present   what the screens say, without Fyne
//	clip      the clipboard, and taking secrets off it again
//	door      the one way from a window to work that takes time
//
// # Invariants
//
//   - A window changes on Fyne's thread only, and only work that comes back
//     through a door changes it: off the thread, then one fyne.Do.
//   - Names of accounts survive the way through a door; list indexes don't.
//   - When work fails, the window keeps what it showed and says what failed.
//   - Every text comes from assets/translations.
//
// ui knows core's two interfaces, Verifier and Manager, and never a store.
package ui
