-- Length of the first session of a day, over seven days
WITH last AS (SELECT max(day) AS day FROM sessions_daily),
     week AS (
         SELECT t.length, t.devices
         FROM sessions_daily AS t
         CROSS JOIN last
         WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '7 days'
     ),
     whole AS (SELECT sum(devices) AS devices FROM week)
SELECT week.length, count(*) AS days, sum(week.devices) AS device_days_estimate,
       1.0 * sum(week.devices) / max(whole.devices) AS share
FROM week
CROSS JOIN whole
GROUP BY week.length
ORDER BY week.length
