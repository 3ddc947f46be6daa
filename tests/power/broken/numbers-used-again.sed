# in src/dir/store.c: the next number is one more than what is left after recovery, whatever was given before
# caught by power cuts: --sync fs --scenario replace
/^int64_t store_take_number/,/^}/s/^\tchar text\[32\];$/\tstruct found_list found;\n&\n\n\tnumber = store_find(store, \&found, error);\n\thighest = number == 0 \&\& found.count ? found.list[0].number : 0;\n\tfound_clear(\&found);/
