package main

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/core"
)

// metrics count what the service does, without saying for whom. They are safe
// for use by several goroutines.
type metrics struct {
	registry *prometheus.Registry
	logons   *prometheus.CounterVec
	refusals *prometheus.CounterVec
	faults   *prometheus.CounterVec
	overload *prometheus.CounterVec
	requests *prometheus.HistogramVec
	store    *prometheus.HistogramVec
	ended    *prometheus.CounterVec
	guarded  *prometheus.HistogramVec
}

var _ service.Observer = (*metrics)(nil)

// Times that matter: what nobody notices, what somebody does, what is too long.
var (
	secondsOfAnswers = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
	secondsOfStarts  = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .25, 1, 5}
)

func newMetrics() *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	histogram := func(name, help, label string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{label})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		logons:   counter("tfa_logons_total", "Logons that were granted.", "kind"),
		refusals: counter("tfa_logon_refusals_total", "Logons that were denied.", "reason"),
		faults:   counter("tfa_request_errors_total", "Requests that were answered with an error.", "code"),
		overload: counter("tfa_overload_refusals_total", "Requests and connections that were refused because they were too many.", "limit"),
		requests: histogram("tfa_request_duration_seconds", "Time from the first byte of a request to its answer.", "operation", secondsOfAnswers),
		store:    histogram("tfa_store_duration_seconds", "Time in the store.", "method", secondsOfAnswers),
		ended:    counter("tfa_sessions_ended_total", "Sessions and processes that were ended because they went round the gate.", "why"),
		guarded:  histogram("tfa_guard_decision_duration_seconds", "Time until the guard let a program start, or not.", "decision", secondsOfStarts),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tfa_build_info", Help: "Which build of the service runs.", ConstLabels: buildLabels()})
	info.Set(1)
	m.registry.MustRegister(m.logons, m.refusals, m.faults, m.overload, m.requests, m.store, m.ended, m.guarded, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func buildLabels() prometheus.Labels {
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "go": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"], labels["go"] = info.Main.Version, info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels["revision"] = setting.Value
			}
		}
	}
	return labels
}

// gauge adds a value that is asked for when somebody looks.
func (m *metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// Answered implements service.Observer.
func (m *metrics) Answered(operation string, took time.Duration) {
	m.requests.WithLabelValues(operation).Observe(took.Seconds())
}

// Decided implements service.Observer.
func (m *metrics) Decided(v core.Verdict) {
	if v.Granted {
		m.logons.WithLabelValues(string(v.By)).Inc()
		return
	}
	m.refusals.WithLabelValues(string(v.Reason)).Inc()
}

// Failed implements service.Observer.
func (m *metrics) Failed(code core.Code) { m.faults.WithLabelValues(string(code)).Inc() }

// Overloaded implements service.Observer.
func (m *metrics) Overloaded(limit string) { m.overload.WithLabelValues(limit).Inc() }

// hasEnded counts a session that was ended, or a process outside of all.
func (m *metrics) hasEnded(why string) { m.ended.WithLabelValues(why).Inc() }

// guardHasDecided counts a decision of the guard.
func (m *metrics) guardHasDecided(allowed bool, took time.Duration) {
	decision := "deny"
	if allowed {
		decision = "allow"
	}
	m.guarded.WithLabelValues(decision).Observe(took.Seconds())
}

// ServeHTTP writes the metrics as OpenMetrics text, whatever the client accepts.
func (m *metrics) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	asked = asked.Clone(asked.Context())
	asked.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, DisableCompression: true}).ServeHTTP(w, asked)
}

// timed is a store whose time is measured.
func (m *metrics) timed(store core.Store, now func() time.Time) core.Store {
	return timedStore{store, func(method string) func() {
		begun := now()
		return func() { m.store.WithLabelValues(method).Observe(now().Sub(begun).Seconds()) }
	}}
}

type timedStore struct {
	core.Store
	begin func(method string) (end func())
}

func (t timedStore) ChangePractice(ctx context.Context, act func(*core.Practice) ([]core.Event, error)) error {
	defer t.begin("change_practice")()
	return t.Store.ChangePractice(ctx, act)
}

func (t timedStore) ChangeAccount(ctx context.Context, account string, act func(*core.Practice, *core.Account) ([]core.Event, error)) error {
	defer t.begin("change_account")()
	return t.Store.ChangeAccount(ctx, account, act)
}

func (t timedStore) View(ctx context.Context) (core.Practice, []core.Account, error) {
	defer t.begin("view")()
	return t.Store.View(ctx)
}

func (t timedStore) Events(ctx context.Context, query core.Query) (core.Page, error) {
	defer t.begin("events")()
	return t.Store.Events(ctx, query)
}

func (t timedStore) Version(ctx context.Context) (core.Version, error) {
	defer t.begin("version")()
	return t.Store.Version(ctx)
}
