//go:build !terminal

package main

import (
	"context"
	"os"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/theme"

	"evry.nl/tfa/assets/icons"
	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/display"
	"evry.nl/tfa/ui/door"
	"evry.nl/tfa/ui/logon"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

const (
	appID = "nl.evry.tfa.logon"
	// faultShown is how long a fault stays on screen when nobody closes it.
	faultShown = 2 * time.Minute
)

// inWindow asks in a window. The program ends in here: Fyne has been seen to
// hang when it is asked to quit, and a decision must not wait for that.
func (g gate) inWindow() int {
	if err := display.Probe(); err != nil {
		g.options.cannotAsk(err)
		return exitFault
	}
	if err := widget.UseLanguage(g.logon.Texts.Language); err != nil {
		systemLog(err.Error())
	}
	fyneApp := newApp()
	window := logon.New(fyneApp, g.logon, door.Background, g.cfg.Timeout, func(outcome present.Outcome) {
		g.closeStore()
		switch outcome {
		case present.Yes:
			os.Exit(goOn(g.options))
		case present.Fault:
			os.Exit(exitFault)
		default:
			os.Exit(exitNo)
		}
	})
	watch(fyneApp, g.options, "ready window")
	window.Start()
	door.EverySecond(context.Background(), clock.Now, window.Tick)
	fyneApp.Run()
	return exitNo // nobody decided
}

// newApp returns the app. The gate is light, because nobody could have asked for
// anything else yet: without a desktop Fyne would take the dark one.
func newApp() fyne.App {
	fyneApp := app.NewWithID(appID)
	fyneApp.SetIcon(fyne.NewStaticResource(icons.Name, icons.App))
	fyneApp.Settings().SetTheme(widget.Fixed(theme.VariantLight))
	return fyneApp
}

// watch says when the window has the keyboard.
func watch(fyneApp fyne.App, o options, ready string) {
	var once sync.Once
	fyneApp.Lifecycle().SetOnEnteredForeground(func() { once.Do(func() { o.isReady(ready) }) })
}

// showFault shows a fault where the gate would ask, and reports whether it
// could.
func showFault(o options, texts *translations.Texts, screen present.Screen) bool {
	if o.plain {
		return showFaultPlainly(o, texts, screen)
	}
	if err := display.Probe(); err != nil {
		o.cannotAsk(err)
		return false
	}
	fyneApp := newApp()
	window := logon.New(fyneApp, present.Logon{Texts: texts, Now: clock.Now}, door.Background, faultShown,
		func(present.Outcome) { os.Exit(exitFault) })
	watch(fyneApp, o, "ready fault")
	time.AfterFunc(faultShown, func() { os.Exit(exitFault) })
	window.ShowFault(screen)
	fyneApp.Run()
	return true
}
