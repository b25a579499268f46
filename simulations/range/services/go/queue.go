package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const atOnce = 8

// Headers carries the trace context in the headers of a message.
type Headers amqp.Table

func (headers Headers) Get(key string) string {
	text, _ := headers[key].(string)
	return text
}

func (headers Headers) Set(key, value string) { headers[key] = value }

func (headers Headers) Keys() []string {
	keys := make([]string, 0, len(headers))
	for key := range headers {
		keys = append(keys, key)
	}
	return keys
}

// Broker sends messages over one connection, which it makes anew after a loss.
type Broker struct {
	url     string
	lock    sync.Mutex
	channel *amqp.Channel
}

func (broker *Broker) publish(ctx context.Context, queue string) error {
	ctx, span := otel.Tracer("range").Start(ctx, "send "+queue, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.String("messaging.system", "rabbitmq"), attribute.String("messaging.destination.name", queue),
			attribute.String("messaging.operation.type", "send")))
	defer span.End()
	headers := Headers{}
	otel.GetTextMapPropagator().Inject(ctx, headers)
	body, _ := json.Marshal(map[string]int{"id": 1 + rand.IntN(1000)})
	broker.lock.Lock()
	defer broker.lock.Unlock()
	err := broker.send(ctx, queue, amqp.Publishing{Headers: amqp.Table(headers), ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: body})
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	} else {
		slog.InfoContext(ctx, "message sent", "queue", queue)
	}
	return err
}

func (broker *Broker) send(ctx context.Context, queue string, message amqp.Publishing) error {
	if broker.channel == nil || broker.channel.IsClosed() {
		connection, err := dial(broker.url)
		if err != nil {
			return err
		}
		if broker.channel, err = connection.Channel(); err != nil {
			return err
		}
	}
	return broker.channel.PublishWithContext(ctx, "", queue, false, false, message)
}

func dial(url string) (*amqp.Connection, error) {
	return amqp.DialConfig(url, amqp.Config{Heartbeat: 10 * time.Second, Locale: "en_US", Dial: amqp.DefaultDial(3 * time.Second)})
}

// consume takes messages until the context ends; a lost connection is made anew.
func (work *Work) consume(ctx context.Context) {
	for ctx.Err() == nil {
		if err := work.deliveries(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "queue lost", "queue", work.profile.Consumes, "error", err)
		}
		pause(ctx, time.Second)
	}
}

func (work *Work) deliveries(ctx context.Context) error {
	connection, err := dial(work.profile.Queue)
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	if err := channel.Qos(atOnce, 0, false); err != nil {
		return err
	}
	messages, err := channel.ConsumeWithContext(ctx, work.profile.Consumes, work.profile.Service, false, false, false, false, nil)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	for range atOnce {
		running.Go(func() {
			for message := range messages {
				work.process(ctx, message)
			}
		})
	}
	running.Wait()
	return errors.New("the channel was closed")
}

func (work *Work) process(ctx context.Context, message amqp.Delivery) {
	headers := Headers(message.Headers)
	if headers == nil {
		headers = Headers{}
	}
	ctx, span := otel.Tracer("range").Start(otel.GetTextMapPropagator().Extract(ctx, headers), "process "+work.profile.Consumes,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attribute.String("messaging.system", "rabbitmq"),
			attribute.String("messaging.destination.name", work.profile.Consumes), attribute.String("messaging.operation.type", "process")))
	defer span.End()
	err := work.handle(ctx, message.Body)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		slog.ErrorContext(ctx, "message failed", "queue", work.profile.Consumes, "error", err)
		pause(ctx, time.Second)
		_ = message.Nack(false, true)
		return
	}
	_ = message.Ack(false)
}

func (work *Work) handle(ctx context.Context, body []byte) error {
	var job struct {
		ID int `json:"id"`
	}
	if err := json.Unmarshal(body, &job); err != nil {
		return err
	}
	route := work.profile.Routes[0]
	if knobs := work.profile.Knobs; knobs.applyTo(route.Path) {
		work.misbehave(ctx, knobs)
		if rand.Float64() < knobs.ErrorShare {
			return errors.New("unexpected nil value")
		}
	}
	for _, step := range route.Steps {
		if err := work.take(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, time_ time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time_):
	}
}
