// A service of the range: it reads its profile, serves its routes and takes messages from its queue.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	profile, err := readProfile(os.Getenv("RANGE_PROFILE"))
	if err != nil {
		slog.Error("cannot start", "error", err)
		os.Exit(1)
	}
	flush, err := telemetry(ctx, profile.Service)
	if err != nil {
		slog.Error("cannot start telemetry", "error", err)
		os.Exit(1)
	}
	work, err := connect(ctx, profile)
	if err != nil {
		slog.Error("cannot start", "error", err)
		os.Exit(1)
	}
	if profile.Consumes != "" {
		go work.consume(ctx)
	}
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: handler(work), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = server.Shutdown(closing)
		flush(closing)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		slog.Error("cannot listen", "error", err)
		os.Exit(1)
	}
}

func handler(work *Work) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", func(answer http.ResponseWriter, _ *http.Request) { _, _ = answer.Write([]byte("ok")) })
	for _, route := range work.profile.Routes {
		pattern := "GET " + route.Path
		routes.Handle(pattern, otelhttp.NewHandler(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
			serve(work, route, answer, request)
		}), pattern))
	}
	return routes
}

func serve(work *Work, route Route, answer http.ResponseWriter, request *http.Request) {
	ctx := request.Context()
	answer.Header().Set("Content-Type", "application/json")
	if knobs := work.profile.Knobs; knobs.applyTo(route.Path) {
		work.misbehave(ctx, knobs)
		if rand.Float64() < knobs.ErrorShare {
			slog.ErrorContext(ctx, "unexpected nil value", "path", route.Path)
			fail(answer, http.StatusInternalServerError, "internal error")
			return
		}
	}
	for _, step := range route.Steps {
		if err := work.take(ctx, step); err != nil {
			slog.ErrorContext(ctx, "request failed", "path", route.Path, "step", step.Kind, "error", err)
			fail(answer, status(err), "dependency failed")
			return
		}
	}
	_ = json.NewEncoder(answer).Encode(map[string]any{"service": work.profile.Service, "steps": len(route.Steps)})
}

func fail(answer http.ResponseWriter, status int, detail string) {
	answer.WriteHeader(status)
	_ = json.NewEncoder(answer).Encode(map[string]string{"detail": detail})
}
