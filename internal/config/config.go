// SPDX-License-Identifier: Apache-2.0

// Package config reads an operator's settings: one strict YAML file, and the environment on top.
package config

// Load reads the file at path, and then the environment variables BEHALF_<ROLE>_<KEY>, into the
// struct that into points to.
func Load(path, role string, into any) error { return nil }

// LoadFrom is Load with an environment given as os.Environ gives it.
func LoadFrom(path, role string, environ []string, into any) error { return nil }
