/* What a place in compiled code remembers of the attribute or global it read last (decision 0038).
 *
 * mypyc reads an attribute of a class it has not compiled, as our records, facts and states are, by asking CPython: look up
 * the name in the type, find the descriptor of a slot, let it check the object, read the slot. So it looks up a module's
 * global, an imported class say, in the module's dictionary each time. CPython's own interpreter does neither twice: an
 * instruction remembers a type's version and a slot's offset, or a dictionary's version and a value (PEP 659). So do these.
 */
#ifndef MAKEGOOD_COMPILED_SITES_H
#define MAKEGOOD_COMPILED_SITES_H

#include <structmember.h>

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030C0000
#error "written for the versions of types and dictionaries that CPython 3.11 keeps"
#endif

/* Names and keys are told by their addresses, so a place holds on to its own: another could be given the address of one
 * that is gone. */

/* Two types a place: what is read there is often one of two. A type that changes gets another version, or none (0). */
typedef struct {
    PyObject *name;
    unsigned int version[2];
    unsigned int offset[2];
    unsigned int learnt;
} AttributeSite;

/* A place that goes on meeting new types asks CPython. */
#define MOST_LEARNT 64

CPy_NOINLINE
static PyObject *attribute_learnt(AttributeSite *site, PyObject *object, PyObject *name) {
    PyTypeObject *type = Py_TYPE(object);
    if (site->name == NULL) {
        Py_INCREF(name);
        site->name = name;
    }
    if (site->name == name && site->learnt < MOST_LEARNT && type->tp_getattro == PyObject_GenericGetAttr) {
        PyObject *found = _PyType_Lookup(type, name);
        if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type) && type->tp_version_tag != 0) {
            PyMemberDef *slot = ((PyMemberDescrObject *)found)->d_member;
            if (slot->type == T_OBJECT_EX && PyType_IsSubtype(type, PyDescr_TYPE(found))) {
                unsigned int place = site->learnt++ & 1;
                site->version[place] = type->tp_version_tag;
                site->offset[place] = (unsigned int)slot->offset;
            }
        }
    }
    return PyObject_GetAttr(object, name);
}

/* A name that is worked out while the program runs is another one each time; an empty slot is CPython's to complain of. */
static inline PyObject *attribute_at(AttributeSite *site, PyObject *object, PyObject *name) {
    unsigned int version = Py_TYPE(object)->tp_version_tag;
    if (likely(name == site->name && version != 0)) {
        PyObject *value = NULL;
        if (likely(version == site->version[0])) {
            value = *(PyObject **)((char *)object + site->offset[0]);
        } else if (version == site->version[1]) {
            value = *(PyObject **)((char *)object + site->offset[1]);
        }
        if (likely(value != NULL)) {
            Py_INCREF(value);
            return value;
        }
    }
    return attribute_learnt(site, object, name);
}

#undef CPyObject_GetAttr
#define CPyObject_GetAttr(object, name)              \
    ({                                               \
        static AttributeSite site_;                  \
        attribute_at(&site_, (object), (name));      \
    })

/* A dictionary's version is its own and changes with it, so the value is there still; no two dictionaries share one. */
typedef struct {
    uint64_t version;
    PyObject *key;
    PyObject *value;
} ItemSite;

CPy_NOINLINE
static PyObject *item_learnt(ItemSite *site, PyObject *dict, PyObject *key) {
    PyObject *value = CPyDict_GetItem(dict, key);
    if (value != NULL && PyDict_CheckExact(dict)) {
        PyObject *before = site->key;
        Py_INCREF(key);
        site->version = ((PyDictObject *)dict)->ma_version_tag;
        site->key = key;
        site->value = value;
        Py_XDECREF(before);
    }
    return value;
}

static inline PyObject *item_at(ItemSite *site, PyObject *dict, PyObject *key) {
    if (likely(PyDict_CheckExact(dict) && key == site->key &&
               ((PyDictObject *)dict)->ma_version_tag == site->version)) {
        Py_INCREF(site->value);
        return site->value;
    }
    return item_learnt(site, dict, key);
}

#define CPyDict_GetItem(dict, key)                   \
    ({                                               \
        static ItemSite site_;                       \
        item_at(&site_, (dict), (key));              \
    })

#endif
