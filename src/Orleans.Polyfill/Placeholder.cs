namespace Orleans.Polyfill;
