package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Step is one step of a route; the plan of the estate says what each kind does.
type Step struct {
	Kind   string  `json:"kind"`
	Amount int     `json:"amount"`
	Target string  `json:"target"`
	Path   string  `json:"path"`
	Share  float64 `json:"share"`
}

// Route is a path and its steps.
type Route struct {
	Path  string `json:"path"`
	Steps []Step `json:"steps"`
}

// Knobs are what a bad release brings.
type Knobs struct {
	Route           string  `json:"route"`
	SlowMs          int     `json:"slow_ms"`
	SlowKib         int     `json:"slow_kib"`
	ErrorShare      float64 `json:"error_share"`
	LeakKib         int     `json:"leak_kib"`
	LeakDescriptors int     `json:"leak_descriptors"`
	LogLines        int     `json:"log_lines"`
}

func (knobs Knobs) applyTo(path string) bool { return knobs.Route == "" || knobs.Route == path }

// Profile is the content of profile.json.
type Profile struct {
	Service       string            `json:"service"`
	Version       string            `json:"version"`
	Table         string            `json:"table"`
	Rows          int               `json:"rows"`
	Routes        []Route           `json:"routes"`
	Consumes      string            `json:"consumes"`
	Upstreams     map[string]string `json:"upstreams"`
	Database      string            `json:"database"`
	Replica       string            `json:"replica"`
	Cache         string            `json:"cache"`
	Queue         string            `json:"queue"`
	DatabasePool  int               `json:"database_pool"`
	PoolTimeoutMs int               `json:"pool_timeout_ms"`
	CacheSeconds  int               `json:"cache_seconds"`
	TimeoutMs     int               `json:"timeout_ms"`
	Retries       int               `json:"retries"`
	Knobs         Knobs             `json:"knobs"`
}

func readProfile(file string) (*Profile, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	profile := &Profile{}
	if err := json.Unmarshal(text, profile); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if profile.Service == "" || len(profile.Routes) == 0 {
		return nil, errors.New(file + ": a service and its routes are missing")
	}
	return profile, nil
}
