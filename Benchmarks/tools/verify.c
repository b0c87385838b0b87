// verify SECONDS: what libcrypto itself needs to verify a signature of 400 bytes, microseconds of
// CPU, for RS256 (2048 bits), ES256 and EdDSA (Ed25519), the key being at hand. One line of JSON.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(EVP_PKEY *key, const EVP_MD *digest, double seconds) {
    unsigned char message[400] = "a signing input", signature[512];
    size_t length = sizeof signature;
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    if (!key || EVP_DigestSignInit(signing, NULL, digest, NULL, key) != 1
        || EVP_DigestSign(signing, signature, &length, message, sizeof message) != 1)
        exit(1);
    EVP_MD_CTX_free(signing);
    long count = 0;
    double start = cpu_us(), end = start + seconds * 1e6;
    while (cpu_us() < end) {
        for (int i = 0; i < 20; i++, count++) {
            EVP_MD_CTX *context = EVP_MD_CTX_new();
            if (EVP_DigestVerifyInit(context, NULL, digest, NULL, key) != 1
                || EVP_DigestVerify(context, signature, length, message, sizeof message) != 1)
                exit(1);
            EVP_MD_CTX_free(context);
        }
    }
    EVP_PKEY_free(key);
    return (cpu_us() - start) / (double)count;
}

int main(int count, char **words) {
    double each = (count > 1 ? strtod(words[1], NULL) : 0.3) / 3;
    double rs = measure(EVP_RSA_gen(2048), EVP_sha256(), each);
    double es = measure(EVP_EC_gen("P-256"), EVP_sha256(), each);
    double ed = measure(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, each);
    printf("{\"RS256\": %.2f, \"ES256\": %.2f, \"EdDSA\": %.2f}\n", rs, es, ed);
    return 0;
}
