#include "app/process.h"
#include "app/serve.h"
#include "cli/run.h"

int main(int argc, char** argv) {
    bulla::app::harden_process();
    return bulla::cli::run(argc, argv, bulla::app::serve);
}
