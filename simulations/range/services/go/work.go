package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

const (
	cacheKeys   = 100
	hotRows     = 20
	perCustomer = 80
	span        = 40
)

// Work takes steps. Its connections are made when they are first needed, so that a service starts without its stores.
type Work struct {
	profile *Profile
	client  *http.Client
	primary *pgxpool.Pool
	reader  *pgxpool.Pool
	cache   *redis.Client
	broker  *Broker
	leaked  [][]byte
	files   []*os.File
	leaks   chan Knobs
}

func connect(ctx context.Context, profile *Profile) (*Work, error) {
	work := &Work{profile: profile, leaks: make(chan Knobs, 1000)}
	work.client = &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport), Timeout: millis(profile.TimeoutMs)}
	var err error
	if profile.Database != "" {
		if work.primary, err = pool(ctx, profile, profile.Database); err != nil {
			return nil, err
		}
		work.reader = work.primary
	}
	if profile.Replica != "" {
		if work.reader, err = pool(ctx, profile, profile.Replica); err != nil {
			return nil, err
		}
	}
	if profile.Cache != "" {
		options, err := redis.ParseURL(profile.Cache)
		if err != nil {
			return nil, err
		}
		options.ReadTimeout, options.PoolSize = time.Second, 10
		work.cache = redis.NewClient(options)
		if err := errors.Join(redisotel.InstrumentTracing(work.cache), redisotel.InstrumentMetrics(work.cache)); err != nil {
			return nil, err
		}
	}
	if profile.Queue != "" {
		work.broker = &Broker{url: profile.Queue}
	}
	go work.leak()
	return work, nil
}

func pool(ctx context.Context, profile *Profile, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(profile.DatabasePool)
	config.ConnConfig.RuntimeParams["application_name"] = profile.Service
	config.ConnConfig.ConnectTimeout = 2 * time.Second
	config.ConnConfig.Tracer = otelpgx.NewTracer()
	made, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return made, otelpgx.RecordStats(made)
}

func (work *Work) take(ctx context.Context, step Step) error {
	if rand.Float64() >= step.Share {
		return nil
	}
	switch step.Kind {
	case "hash":
		hash(step.Amount)
	case "wait":
		time.Sleep(time.Duration(float64(step.Amount) * rand.ExpFloat64() * float64(time.Millisecond)))
	case "allocate":
		touch(step.Amount)
	case "read":
		return work.read(ctx, rand.IntN(work.customers()), step.Amount)
	case "write":
		return work.write(ctx, step.Amount)
	case "cache":
		return work.cached(ctx)
	case "call":
		return work.call(ctx, step)
	case "publish":
		return work.broker.publish(ctx, step.Target)
	default:
		return fmt.Errorf("unknown step %q", step.Kind)
	}
	return nil
}

func (work *Work) customers() int { return max(1, work.profile.Rows/perCustomer) }

func (work *Work) query(ctx context.Context, pool *pgxpool.Pool, sql string, arguments ...any) error {
	waiting, cancel := context.WithTimeout(ctx, millis(work.profile.PoolTimeoutMs))
	connection, err := pool.Acquire(waiting)
	cancel()
	if err != nil {
		return fmt.Errorf("no connection to the database: %w", err)
	}
	defer connection.Release()
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rows, err := connection.Query(within, sql, arguments...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	rows.Close()
	return rows.Err()
}

func (work *Work) read(ctx context.Context, customer, rows int) error {
	return work.query(ctx, work.reader, "SELECT id, note FROM "+work.profile.Table+" WHERE customer = $1 LIMIT $2", customer, rows)
}

func (work *Work) write(ctx context.Context, rows int) error {
	for range rows {
		if err := work.query(ctx, work.primary, "UPDATE "+work.profile.Table+" SET hits = hits + 1 WHERE id = $1", 1+rand.IntN(hotRows)); err != nil {
			return err
		}
	}
	slog.InfoContext(ctx, "row updated", "table", work.profile.Table)
	return nil
}

func (work *Work) cached(ctx context.Context) error {
	customer := rand.IntN(min(cacheKeys, work.customers()))
	key := work.profile.Service + ":" + strconv.Itoa(customer)
	err := work.cache.Get(ctx, key).Err()
	if err == nil || !errors.Is(err, redis.Nil) {
		return err
	}
	sql := "SELECT customer, sum(hits) FROM " + work.profile.Table + " WHERE customer >= $1 AND customer < $2 GROUP BY customer"
	if err := work.query(ctx, work.reader, sql, customer, customer+span); err != nil {
		return err
	}
	return work.cache.Set(ctx, key, customer, time.Duration(work.profile.CacheSeconds)*time.Second).Err()
}

func (work *Work) call(ctx context.Context, step Step) error {
	url := work.profile.Upstreams[step.Target] + strings.Replace(step.Path, "{id}", strconv.Itoa(1+rand.IntN(1000)), 1)
	var err error
	for range work.profile.Retries + 1 {
		if err = work.get(ctx, url); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", step.Target, err)
}

func (work *Work) get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := work.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}

func (work *Work) misbehave(ctx context.Context, knobs Knobs) {
	time.Sleep(millis(knobs.SlowMs))
	hash(knobs.SlowKib)
	for number := range knobs.LogLines {
		slog.WarnContext(ctx, "cache entry discarded", "number", number)
	}
	if knobs.LeakKib > 0 || knobs.LeakDescriptors > 0 {
		work.leaks <- knobs
	}
}

func (work *Work) leak() {
	for knobs := range work.leaks {
		if knobs.LeakKib > 0 {
			work.leaked = append(work.leaked, touch(knobs.LeakKib))
		}
		for range knobs.LeakDescriptors {
			if file, err := os.Open(os.DevNull); err == nil {
				work.files = append(work.files, file)
			}
		}
	}
}

var block [64 * 1024]byte

func hash(kib int) {
	digest := sha256.New()
	for done := 0; done < kib; done += 64 {
		digest.Write(block[:])
	}
	digest.Sum(nil)
}

func touch(kib int) []byte {
	memory := make([]byte, kib*1024)
	for place := 0; place < len(memory); place += 4096 {
		memory[place] = 1
	}
	return memory
}

func status(err error) int {
	if errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

func millis(number int) time.Duration { return time.Duration(number) * time.Millisecond }
