/* The parts of OpenSSL 3's libcrypto that GatehouseJOSE uses. What it needs are functions and plain
   constants in OpenSSL 3; a macro that Swift cannot import is given a name below. */
#ifndef CLIBCRYPTO_SHIM_H
#define CLIBCRYPTO_SHIM_H
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

/* The public part of a key pair, for EVP_PKEY_fromdata. */
static const int gatehouse_pkey_public = EVP_PKEY_PUBLIC_KEY;
#endif
