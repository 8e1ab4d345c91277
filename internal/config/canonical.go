package config

import (
	"reflect"
	"strings"
)

// canonical writes the values of enumerations as they are known: JSON and Json are json. tag is that of the field which
// holds v.
func canonical(v reflect.Value, tag reflect.StructTag) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				canonical(v.Field(i), f.Tag)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			canonical(v.Elem(), tag)
		}
	case reflect.Slice:
		for i := range v.Len() {
			canonical(v.Index(i), tag)
		}
	case reflect.Map: // its values are no places in memory
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			canonical(value, tag)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		for _, known := range enumeration(tag) {
			if strings.EqualFold(known, v.String()) && v.CanSet() {
				v.SetString(known)
			}
		}
	}
}

// enumeration are the values that a field may have, nil where it may have any.
func enumeration(tag reflect.StructTag) []string {
	for rule := range strings.SplitSeq(tag.Get("validate"), ",") {
		if list, ok := strings.CutPrefix(rule, "oneof="); ok {
			return strings.Fields(list)
		}
	}
	return nil
}
